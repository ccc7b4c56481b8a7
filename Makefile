PYTHON ?= python3

.PHONY: report test lab bench setup notebooks

# Everything is in bootstrap.py, so that it works without make too.
report test lab bench setup notebooks:
	@$(PYTHON) bootstrap.py $@ $(ARGS)
