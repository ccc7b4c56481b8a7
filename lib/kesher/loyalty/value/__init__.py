"""What a customer is worth: purchases to come, margin per purchase, contracts renewed, and how sure we are."""

from kesher.loyalty.value.holdout import split_day
from kesher.loyalty.value.study import ValueStudy, study

__all__ = ["ValueStudy", "split_day", "study"]
