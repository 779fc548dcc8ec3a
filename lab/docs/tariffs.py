"""The page of the tariff format, from the model that reads the files."""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioning.billing.tariff_file import TariffFile, TaxFile

HEAD = """\
# Tariff files

Written by `make docs`. What calls cost is a TOML file; `tokuban tariff check FILE` names its
faults with their lines, and `tariff.schema.json` beside this page is the same for editors. The
shipped one, `standard`, lies in `provisioning/billing/tariffs`; the setting `billing.tariffs`
names a folder of your own. See also [why was I charged?](../howto/why-was-i-charged.md)

- Of a carrier's tariffs the one counts whose `valid_from` is the latest not after the day the call
  began, in Japan.
- The longest beginning in `[classes]` names the class of the called number; a service may name
  another one.
- The first `[[price]]` that fits prices the call: end with rows that name classes alone, so that
  each class has one.
- 1417, forwarded legs and excluded numbers dialled on Link look for the price of `os`.
- A started unit counts whole, the first one from the answer on.

    [[price]]
    name = "weekend-nights"
    classes = ["mobile"]
    yen = "8.5"
    unit_s = 60
    days = ["sat", "sun"]
    hours = "22:00-06:00"
    source = "Our own."
"""


def page() -> str:
    """The whole page."""
    schema = TariffFile.model_json_schema()
    parts = [HEAD, *_table("The file", schema)]
    parts += _table("`[services]`, one each", schema["$defs"]["ServiceTerms"])
    parts += _table("`[[price]]`", schema["$defs"]["PriceRow"])
    taxes = TaxFile.model_json_schema()["$defs"]["TaxRow"]
    parts += _table("`taxes.toml`, each `[[tax]]`", taxes)
    return "\n".join(parts) + "\n"


def _table(title: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {title}\n\n{schema.get('description', '')}\n"
    yield "| field | needed | what |\n|---|---|---|"
    needed = schema.get("required", [])
    for name, field in schema["properties"].items():
        told = field.get("description", "").replace("|", "\\|")
        yield f"| `{name}` | {'yes' if name in needed else ''} | {told}{_choices(field)} |"
    yield ""


def _choices(field: Mapping[str, Any]) -> str:
    default = field.get("default")
    shown = str(default).lower() if isinstance(default, bool) else default
    return f" (`{shown}`)" if isinstance(shown, str) else ""
