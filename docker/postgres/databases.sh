#!/bin/sh
# Run once by the image of PostgreSQL, on an empty volume: a database and a role each for the catalog and for Prefect.
set -eu
for name in dubline prefect; do
    # From standard input, and quoted by psql: no password is in a command line.
    psql --username "$POSTGRES_USER" --no-psqlrc --set ON_ERROR_STOP=1 --set "name=$name" <<SQL
\set password \`cat /run/secrets/${name}_password\`
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
done
