"""Alembic's entry: run the migrations on the connection that `migrate` hands over."""

from alembic import context

from provisioning.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    transaction_per_migration=False,
)
context.run_migrations()
