"""All SQL of the hub: schema, migrations, and one module per aggregate."""
