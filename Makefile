# Two commands do everything on a machine with Python 3.11+ and pip: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
WORKERS ?= 2

.PHONY: demo test check lint types setup app notebooks clean

demo: setup  ## mine the bundled survey, write the report, say how to open the app
	@mkdir -p $(DEMO)
	$(BIN)/feedback-nlp run feedback_nlp/data/survey.csv --db sqlite:///$(DEMO)/feedback.db \
		--report $(DEMO)/report.html --rejects $(DEMO)/survey.rejects.csv
	@echo
	@echo "Report: $(DEMO)/report.html (open it in a browser)"
	@echo "App:    $(BIN)/feedback-nlp app --db sqlite:///$(DEMO)/feedback.db"

test: setup  ## all tests; the browser test needs /usr/bin/chromium
	$(BIN)/python -m pytest -n $(WORKERS)

check: setup lint types  ## ruff, type check, tests
	$(BIN)/python -m pytest -n $(WORKERS)

lint:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types:
	$(BIN)/mypy

setup: $(VENV)/.installed  ## a virtual environment with everything, the encoder's weights and compiled code

$(VENV)/.installed: pyproject.toml
	@echo "Setting up $(VENV) (once, a few minutes) ..."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	$(BIN)/feedback-nlp prepare
	@touch $@

app: setup  ## the app on the bundled survey
	$(BIN)/feedback-nlp app --db sqlite:///$(DEMO)/feedback.db

notebooks: setup  ## the notebooks on the bundled survey, in JupyterLab; run `make demo` first
	$(BIN)/python -m pip install --quiet --disable-pip-version-check jupyterlab ipywidgets
	$(BIN)/jupyter lab notebooks

clean:
	rm -rf $(VENV) $(DEMO) build dist .pytest_cache .mypy_cache .ruff_cache
