"""Stylesheet, scripts and pictures; each name carries a hash of its content and never goes stale.

htmx is vendored as its makers ship it, with its licence beside it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
FOREVER = "public, max-age=31536000, immutable"

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    name: str
    content: bytes
    media_type: str


class Assets:
    """The static files, read once."""

    def __init__(self, assets: Mapping[str, Asset]) -> None:
        self._names = {plain: asset.name for plain, asset in assets.items()}
        self._assets = {asset.name: asset for asset in assets.values()}

    @classmethod
    def load(cls, folder: Path = FOLDER) -> "Assets":
        """Every file of `folder`."""
        return cls({path.name: _asset(path) for path in sorted(folder.iterdir())})

    def url(self, plain: str) -> str:
        """The address of a file, by its plain name."""
        return f"/portal/static/{self._names[plain]}"

    async def answer(self, request: Request) -> Response:
        """The file that the path names; 404 for an unknown name or an old content."""
        asset = self._assets.get(request.path_params["name"])
        if asset is None:
            raise HTTPException(404)
        headers = {"cache-control": FOREVER, "etag": f'"{asset.name}"'}
        return Response(asset.content, media_type=asset.media_type, headers=headers)


def _asset(path: Path) -> Asset:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:16]
    name = f"{path.stem}.{digest}{path.suffix}"
    return Asset(name, content, MEDIA_TYPES[path.suffix])
