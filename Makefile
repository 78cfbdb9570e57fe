# The two commands a newcomer needs: `make demo` and `make test`. Both need Python 3.11 or newer, nothing else;
# `make test` tries a few things more where the system packages bubblewrap, chromium, postgresql and redis-server are there,
# and as root installs them; and the web UI and the conformance suite of MCP where npm is there. CONTRIBUTING.md has a
# table of these.
#
# PYTHON picks the interpreter; without it the first of these that runs and is new enough.
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && exit; done; echo python3)
PYTEST_ARGS ?=

.PHONY: help venv demo demo-migration web test check fuzz kills nemo bench clean

help:
	@echo 'make demo    a team of agents answers a question over docs/, is killed, and resumes'
	@echo 'make demo-migration    an ugly shop of a million rows goes to PostgreSQL, is killed, and is proven'
	@echo 'make test    every check and every test; what CI runs'
	@echo 'make check   format, lint, types, layers, sizes'
	@echo 'make fuzz    broken requests of every kind for a minute; FUZZ_SECONDS and FUZZ_SEED change it'
	@echo 'make kills   movers and whole migrations, killed 350 times in all; KILLS changes that (200)'
	@echo 'make web     the web UI, built into src/tenuto/server/web; Node.js 20.19 or newer'
	@echo 'make bench   the figures of docs/benchmarks.md, measured here'
	@echo 'make venv    .venv with everything for development'
	@echo 'make nemo    .venv-nemo with NeMo Guardrails (316 MB), for the one test that needs it; CI makes it'
	@echo 'make clean   remove what these commands made'

venv:
	@$(PYTHON) scripts/environment.py .venv --extra dev --constraints constraints.txt

demo:
	@$(PYTHON) scripts/environment.py .venv --extra server --constraints constraints.txt
	@.venv/bin/python scripts/web.py
	@.venv/bin/python scripts/demo.py

demo-migration:
	@$(PYTHON) scripts/environment.py .venv --extra migration --constraints constraints.txt
	@$(PYTHON) scripts/postgres.py install
	@.venv/bin/python scripts/demo_migration.py

web:
	@$(PYTHON) scripts/web.py

check: venv
	@scripts/check

test: check
	@$(PYTHON) scripts/services.py
	@$(PYTHON) scripts/postgres.py install
	@$(PYTHON) scripts/redis_server.py install
	@$(PYTHON) scripts/mariadb_server.py install
	@$(PYTHON) scripts/conformance.py install
	@$(PYTHON) scripts/openid_provider.py install
	@$(PYTHON) scripts/web.py
	@if [ "$$CI" = true ]; then $(MAKE) --no-print-directory nemo; fi
	.venv/bin/python -m pytest -n auto $(PYTEST_ARGS)

fuzz: venv
	TENUTO_FUZZ_SECONDS=$${FUZZ_SECONDS:-60} TENUTO_FUZZ_SEED=$${FUZZ_SEED:-4} \
		.venv/bin/python -m pytest tests/server/fuzz $(PYTEST_ARGS)

kills: venv
	@$(PYTHON) scripts/postgres.py install
	TENUTO_KILLS=$${KILLS:-200} .venv/bin/python -m pytest -s tests/teams/migration/test_kills.py \
		tests/teams/migration/moving/test_kills.py tests/teams/migration/moving/test_splitting.py $(PYTEST_ARGS)

nemo:
	@$(PYTHON) scripts/environment.py .venv-nemo --extra nemo --constraints constraints.txt constraints-nemo.txt

bench:
	@$(PYTHON) scripts/environment.py .venv-bench --extra bench,server --constraints constraints.txt constraints-bench.txt
	.venv-bench/bin/python -m bench $(BENCH_ARGS)

clean:
	rm -rf .venv .venv-bench .venv-nemo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf .coverage htmlcov web/node_modules src/tenuto/server/web
	find src tests bench scripts -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
