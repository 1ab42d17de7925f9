# Two commands: `make run` opens the app, `make test` runs every test.  Both make .venv first, once.

# The newest Python from 3.11 on; name another with `make run PYTHON=/path/to/python3`.
PYTHON ?= $(firstword $(foreach p,python3.13 python3.12 python3.11 python3,$(shell command -v $(p) 2>/dev/null)))
VENV := .venv
IN := $(VENV)/bin
PORT ?= 8501

.PHONY: run test lint clean

run: $(VENV)/.app
	$(IN)/streamlit run app.py --server.port=$(PORT)

test: $(VENV)/.test lint
	$(IN)/python -m pytest $(PYTEST)

lint: $(VENV)/.test
	$(IN)/ruff check .
	$(IN)/ruff format --check .

$(VENV)/bin/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; make run PYTHON=/path/to/python3 names one."; exit 1; }
	"$(PYTHON)" -m venv $(VENV)

$(VENV)/.app: $(VENV)/bin/python pyproject.toml constraints.txt
	$(IN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.test: $(VENV)/bin/python pyproject.toml constraints.txt
	$(IN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@ $(VENV)/.app

clean:
	rm -rf $(VENV)
