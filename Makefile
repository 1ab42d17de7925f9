# Two commands: `make run` opens the app, `make test` runs every test.  Both make .venv first, once.

# The first of these that is Python 3.11 or newer; name another with `make run PYTHON=/path/to/python3`.
PYTHON ?= python3 python3.13 python3.12 python3.11 python3.14
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
	@for p in $(PYTHON); do \
		if "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Making $(VENV) with $$("$$p" --version)"; "$$p" -m venv $(VENV) && exit 0; rm -rf $(VENV); exit 1; \
		fi; \
	done; \
	echo "Python 3.11 or newer is needed; make run PYTHON=/path/to/python3 names one."; exit 1

$(VENV)/.app: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing; the first time this takes a few minutes, most of them for PyTorch."
	$(IN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.test: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing; the first time this takes a few minutes, most of them for PyTorch."
	$(IN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@ $(VENV)/.app

clean:
	rm -rf $(VENV)
