"""Floor 0, torch: readings of a network's inputs, one equation per function."""

from sklearn_deeplifft.attribution._accumulate import (
    ScoreSums,
    cell_means,
    largest_score,
    overall_score,
)
from sklearn_deeplifft.attribution._agreement import areas, cosines, information, signal
from sklearn_deeplifft.attribution._chain import (
    Activation,
    Affine,
    ChainReader,
    chain_of,
    is_link,
)
from sklearn_deeplifft.attribution._channels import ToChannels
from sklearn_deeplifft.attribution._deep_lift import between_pairs, slopes_between
from sklearn_deeplifft.attribution._gauge import (
    SimplexGroup,
    Terms,
    angle_to_simplex,
    project,
    terms_of,
)
from sklearn_deeplifft.attribution._increments import softmax_increments
from sklearn_deeplifft.attribution._integrated_hessians import integrated_hessian
from sklearn_deeplifft.attribution._interaction_strength import interaction_strength
from sklearn_deeplifft.attribution._layer_outputs import LayerOutput, layer_outputs
from sklearn_deeplifft.attribution._letters import Layout, LetterReader, LetterSums, layout_of
from sklearn_deeplifft.attribution._linear_form import (
    LinearForm,
    NetworkReader,
    logits_of,
    relative_residual,
)
from sklearn_deeplifft.attribution._module_state import (
    evaluating,
    frozen_state,
    module_dtype,
    neutral_torch,
)
from sklearn_deeplifft.attribution._mutagenesis import every_mutation
from sklearn_deeplifft.attribution._normalizers import MOVES, NORMALIZERS, FinalNormalizer
from sklearn_deeplifft.attribution._paths import (
    along_paths,
    around,
    at_random,
    gradients_at,
    path_nodes,
)
from sklearn_deeplifft.attribution._products import (
    each_times_transposed,
    round_rows,
    times_transposed,
)
from sklearn_deeplifft.attribution._regauge import (
    GaugedConv1d,
    PositionBias,
    regauge_first_layer,
)
from sklearn_deeplifft.attribution._relu_layers import ReluLayer, ReluNetwork, relu_network
from sklearn_deeplifft.attribution._scores import Head, Reader, Scorer, block_rows, reader_of
from sklearn_deeplifft.attribution._simplex import simplex_angles, within_simplex
from sklearn_deeplifft.attribution._soundness import require_sound
from sklearn_deeplifft.attribution._spread import spread_positions
from sklearn_deeplifft.attribution._unrolled import unrolled
from sklearn_deeplifft.attribution._verify import verify_piecewise_linear

__all__ = [
    "Activation",
    "Affine",
    "ChainReader",
    "FinalNormalizer",
    "GaugedConv1d",
    "Head",
    "LayerOutput",
    "Layout",
    "LetterReader",
    "LetterSums",
    "LinearForm",
    "MOVES",
    "NORMALIZERS",
    "NetworkReader",
    "PositionBias",
    "Reader",
    "ReluLayer",
    "ReluNetwork",
    "ScoreSums",
    "Scorer",
    "SimplexGroup",
    "Terms",
    "ToChannels",
    "along_paths",
    "angle_to_simplex",
    "areas",
    "around",
    "at_random",
    "between_pairs",
    "block_rows",
    "cell_means",
    "chain_of",
    "cosines",
    "each_times_transposed",
    "evaluating",
    "every_mutation",
    "frozen_state",
    "gradients_at",
    "information",
    "integrated_hessian",
    "interaction_strength",
    "is_link",
    "largest_score",
    "layer_outputs",
    "layout_of",
    "logits_of",
    "module_dtype",
    "neutral_torch",
    "overall_score",
    "path_nodes",
    "project",
    "reader_of",
    "regauge_first_layer",
    "relative_residual",
    "relu_network",
    "require_sound",
    "round_rows",
    "signal",
    "simplex_angles",
    "slopes_between",
    "softmax_increments",
    "spread_positions",
    "terms_of",
    "times_transposed",
    "unrolled",
    "verify_piecewise_linear",
    "within_simplex",
]
