#!/bin/sh
# Installs what the worker needs, the first time, and runs it.
set -eu
if [ ! -f node_modules/whole ]; then
    npm install --silent --no-audit --no-fund
    touch node_modules/whole
fi
exec node order.js
