#!/bin/sh
# Writes docker/secrets/, once: random passwords, and the URLs that they stand in. What is there stays as it is.
set -eu
umask 077
folder=$(dirname "$0")/secrets
mkdir -p "$folder"
cd "$folder"

keep() {
    # A container's user is not the one who made the file; nobody else comes through the folder.
    [ -e "$1" ] || { printf '%s' "$2" > "$1" && chmod 0444 "$1"; }
}

word() {
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

for name in postgres dubline prefect redis; do
    keep "${name}_password" "$(word)"
done
keep dubline_url "postgresql://dubline:$(cat dubline_password)@postgres:5432/dubline"
keep prefect_url "postgresql+asyncpg://prefect:$(cat prefect_password)@postgres:5432/prefect"
keep redis_url "redis://:$(cat redis_password)@redis:6379/0"
keep redis_conf "requirepass $(cat redis_password)"
keep prefect_auth "studio:$(word)"
keep review_secret "$(word)"
