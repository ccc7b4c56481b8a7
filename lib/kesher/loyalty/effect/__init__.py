"""The incremental effect of a programme: what the structure of the data allows to be said, and how surely."""

from kesher.loyalty.effect.design import GRADES, EffectStudy, identify

__all__ = ["GRADES", "EffectStudy", "identify"]
