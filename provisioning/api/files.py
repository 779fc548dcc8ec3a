"""Lists as files to be kept: CSV (RFC 4180) and JSON Lines, written as they are read."""

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from enum import StrEnum
from typing import Any

from fastapi import Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from provisioning.records import model


class Format(StrEnum):
    """How a list is written; the last two have all of it, an item a line."""

    JSON = "json"
    CSV = "csv"
    JSON_LINES = "jsonl"


MEDIA_TYPES: Mapping[Format, str] = {
    Format.JSON: "application/json",
    Format.CSV: "text/csv",
    Format.JSON_LINES: "application/x-ndjson",
}

AS_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            MEDIA_TYPES[Format.CSV]: {"schema": {"type": "string"}},
            MEDIA_TYPES[Format.JSON_LINES]: {"schema": {"type": "string"}},
        }
    }
}
"""What a route says that answers with files, too."""

Pages = AsyncIterator[Iterable[BaseModel]]


def accepted(header: str) -> Format:
    """The first of our media types that an Accept header names; JSON where it names none."""
    for each in header.lower().split(","):
        kind = each.partition(";")[0].strip()
        for format, media_type in MEDIA_TYPES.items():
            if kind == media_type:
                return format
    return Format.JSON


def file(name: str, chosen: Format, shape: type[BaseModel], pages: Pages) -> Response:
    """The items as a file; `shape` is theirs, whose fields are the columns.

    No cell begins with a sign that a spreadsheet computes by, and control characters are replaced.
    """
    written = _csv(shape, pages) if chosen is Format.CSV else _json_lines(pages)
    disposition = {"Content-Disposition": f'attachment; filename="{name}.{chosen}"'}
    return StreamingResponse(written, media_type=MEDIA_TYPES[chosen], headers=disposition)


async def _csv(shape: type[BaseModel], pages: Pages) -> AsyncIterator[str]:
    """With the names of the fields in the first line."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(shape.model_fields)
    async for page in pages:
        for each in page:
            writer.writerow(model.row(each.model_dump(mode="json").values()))
        yield text.getvalue()
        text.seek(0)
        text.truncate()


async def _json_lines(pages: Pages) -> AsyncIterator[str]:
    """One object a line."""
    async for page in pages:
        yield "".join(f"{json.dumps(each.model_dump(mode='json'))}\n" for each in page)
