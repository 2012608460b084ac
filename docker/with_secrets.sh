#!/bin/sh
# Runs a command with secrets from files: for every PREFECT_…_FILE and AWS_…_FILE the variable without _FILE is set to
# what stands there. dubline reads its own (DUBLINE_…_FILE) itself.
set -eu
for name in $(env | sed -n 's/^\(PREFECT_[A-Z0-9_]*\|AWS_[A-Z0-9_]*\)_FILE=.*/\1/p'); do
    case "$name" in
        # These are names of files where they are read.
        AWS_SHARED_CREDENTIALS | AWS_CONFIG | AWS_WEB_IDENTITY_TOKEN) continue ;;
    esac
    eval "file=\$${name}_FILE"
    value=$(cat "$file")
    export "$name=$value"
    unset "${name}_FILE"
done
exec "$@"
