"""Every table of the office, whichever module describes it."""

import importlib
import pkgutil

from sqlalchemy import MetaData

from provisioning import db
from provisioning.db.tables import metadata


def whole() -> MetaData:
    """The tables of all modules `provisioning.db.*tables`."""
    for module in pkgutil.iter_modules(db.__path__, f"{db.__name__}."):
        if module.name.endswith("tables"):
            importlib.import_module(module.name)
    return metadata
