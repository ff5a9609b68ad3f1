#!/bin/sh
# Installs what the worker needs, the first time, and runs it.
set -eu
if [ ! -f .venv/whole ]; then
    python3 -m venv .venv
    .venv/bin/pip install --quiet -r requirements.txt
    touch .venv/whole
fi
exec .venv/bin/python -u order.py
