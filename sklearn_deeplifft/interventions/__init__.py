"""Floor 4, global importance: what a predictor does when features are set, over a population."""

from sklearn_deeplifft.interventions._compose import Composed, commute, compose
from sklearn_deeplifft.interventions._dose import DoseResponse, dose_response
from sklearn_deeplifft.interventions._edits import embed, embed_many, mutate, shuffle_region
from sklearn_deeplifft.interventions._effects import InterventionEffects, intervention_effects
from sklearn_deeplifft.interventions._epistasis import PairwiseEpistasis, pairwise_epistasis
from sklearn_deeplifft.interventions._filters import filter_interactions
from sklearn_deeplifft.interventions._motif_epistasis import motif_epistasis
from sklearn_deeplifft.interventions._mutagenesis import saturation_mutagenesis
from sklearn_deeplifft.interventions._values import (
    Intervention,
    add,
    quantile_shift,
    remove,
    set_to,
    swap,
)
from sklearn_deeplifft.interventions.experiments import sequence_importance
from sklearn_deeplifft.interventions.interactions import (
    HigherOrderEffects,
    InteractionEffects,
    InteractionEvidence,
    InteractionScores,
    higher_order,
    integrated_hessians,
    interaction_effects,
    interaction_evidence,
    neural_interaction_strength,
)

__all__ = [
    "Composed",
    "DoseResponse",
    "HigherOrderEffects",
    "InteractionScores",
    "InteractionEffects",
    "InteractionEvidence",
    "Intervention",
    "InterventionEffects",
    "PairwiseEpistasis",
    "add",
    "commute",
    "compose",
    "dose_response",
    "embed",
    "embed_many",
    "filter_interactions",
    "higher_order",
    "integrated_hessians",
    "interaction_effects",
    "interaction_evidence",
    "intervention_effects",
    "motif_epistasis",
    "mutate",
    "neural_interaction_strength",
    "pairwise_epistasis",
    "quantile_shift",
    "remove",
    "saturation_mutagenesis",
    "sequence_importance",
    "set_to",
    "shuffle_region",
    "swap",
]
