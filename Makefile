PYTHON ?= python3

.PHONY: report test lab bench setup

# Everything is in bootstrap.py, so that it works without make too.
report test lab bench setup:
	@$(PYTHON) bootstrap.py $@ $(ARGS)
