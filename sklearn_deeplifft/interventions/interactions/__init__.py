"""Which features work together: pairs and sets, in the data, in the weights and row by row."""

from sklearn_deeplifft.interventions.interactions._evidence import (
    InteractionEvidence,
    interaction_evidence,
)
from sklearn_deeplifft.interventions.interactions._higher_order import (
    HigherOrderEffects,
    higher_order,
)
from sklearn_deeplifft.interventions.interactions._integrated_hessians import integrated_hessians
from sklearn_deeplifft.interventions.interactions._interaction_effects import InteractionEffects
from sklearn_deeplifft.interventions.interactions._interaction_scores import InteractionScores
from sklearn_deeplifft.interventions.interactions._interaction_strength import (
    neural_interaction_strength,
)
from sklearn_deeplifft.interventions.interactions._interactions import interaction_effects

__all__ = [
    "HigherOrderEffects",
    "InteractionEffects",
    "InteractionEvidence",
    "InteractionScores",
    "higher_order",
    "integrated_hessians",
    "interaction_effects",
    "interaction_evidence",
    "neural_interaction_strength",
]
