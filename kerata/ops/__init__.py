"""What can be done to a tensor: Keras' `ops` on every backend.

Primitives are declared once, with their shape rule, and implemented by each engine
(`kerata/backend/<engine>/`); everything else is composed of them.
"""

from kerata.ops.cast import (
    array as array,
)
from kerata.ops.cast import (
    cast as cast,
)
from kerata.ops.cast import (
    convert_to_numpy as convert_to_numpy,
)
from kerata.ops.cast import (
    convert_to_tensor as convert_to_tensor,
)
from kerata.ops.cast import (
    copy as copy,
)
from kerata.ops.cast import (
    dtype as dtype,
)
from kerata.ops.cast import (
    is_tensor as is_tensor,
)
from kerata.ops.cast import (
    ndim as ndim,
)
from kerata.ops.cast import (
    saturate_cast as saturate_cast,
)
from kerata.ops.cast import (
    size as size,
)
from kerata.ops.cast import (
    stop_gradient as stop_gradient,
)
from kerata.ops.cast import (
    view as view,
)
from kerata.ops.control import (
    associative_scan as associative_scan,
)
from kerata.ops.control import (
    cond as cond,
)
from kerata.ops.control import (
    fori_loop as fori_loop,
)
from kerata.ops.control import (
    map as map,
)
from kerata.ops.control import (
    scan as scan,
)
from kerata.ops.control import (
    switch as switch,
)
from kerata.ops.control import (
    vectorized_map as vectorized_map,
)
from kerata.ops.control import (
    while_loop as while_loop,
)
from kerata.ops.creation import (
    arange as arange,
)
from kerata.ops.creation import (
    empty as empty,
)
from kerata.ops.creation import (
    empty_like as empty_like,
)
from kerata.ops.creation import (
    eye as eye,
)
from kerata.ops.creation import (
    full as full,
)
from kerata.ops.creation import (
    full_like as full_like,
)
from kerata.ops.creation import (
    geomspace as geomspace,
)
from kerata.ops.creation import (
    identity as identity,
)
from kerata.ops.creation import (
    linspace as linspace,
)
from kerata.ops.creation import (
    logspace as logspace,
)
from kerata.ops.creation import (
    ones as ones,
)
from kerata.ops.creation import (
    ones_like as ones_like,
)
from kerata.ops.creation import (
    tri as tri,
)
from kerata.ops.creation import (
    zeros as zeros,
)
from kerata.ops.creation import (
    zeros_like as zeros_like,
)
from kerata.ops.elementwise import (
    abs as abs,
)
from kerata.ops.elementwise import (
    absolute as absolute,
)
from kerata.ops.elementwise import (
    add as add,
)
from kerata.ops.elementwise import (
    angle as angle,
)
from kerata.ops.elementwise import (
    arccos as arccos,
)
from kerata.ops.elementwise import (
    arccosh as arccosh,
)
from kerata.ops.elementwise import (
    arcsin as arcsin,
)
from kerata.ops.elementwise import (
    arcsinh as arcsinh,
)
from kerata.ops.elementwise import (
    arctan as arctan,
)
from kerata.ops.elementwise import (
    arctan2 as arctan2,
)
from kerata.ops.elementwise import (
    arctanh as arctanh,
)
from kerata.ops.elementwise import (
    cbrt as cbrt,
)
from kerata.ops.elementwise import (
    ceil as ceil,
)
from kerata.ops.elementwise import (
    clip as clip,
)
from kerata.ops.elementwise import (
    conj as conj,
)
from kerata.ops.elementwise import (
    conjugate as conjugate,
)
from kerata.ops.elementwise import (
    cos as cos,
)
from kerata.ops.elementwise import (
    cosh as cosh,
)
from kerata.ops.elementwise import (
    deg2rad as deg2rad,
)
from kerata.ops.elementwise import (
    divide as divide,
)
from kerata.ops.elementwise import (
    divide_no_nan as divide_no_nan,
)
from kerata.ops.elementwise import (
    erf as erf,
)
from kerata.ops.elementwise import (
    erfc as erfc,
)
from kerata.ops.elementwise import (
    erfinv as erfinv,
)
from kerata.ops.elementwise import (
    exp as exp,
)
from kerata.ops.elementwise import (
    exp2 as exp2,
)
from kerata.ops.elementwise import (
    expm1 as expm1,
)
from kerata.ops.elementwise import (
    fabs as fabs,
)
from kerata.ops.elementwise import (
    floor as floor,
)
from kerata.ops.elementwise import (
    floor_divide as floor_divide,
)
from kerata.ops.elementwise import (
    fmax as fmax,
)
from kerata.ops.elementwise import (
    fmin as fmin,
)
from kerata.ops.elementwise import (
    fmod as fmod,
)
from kerata.ops.elementwise import (
    gcd as gcd,
)
from kerata.ops.elementwise import (
    heaviside as heaviside,
)
from kerata.ops.elementwise import (
    hypot as hypot,
)
from kerata.ops.elementwise import (
    i0 as i0,
)
from kerata.ops.elementwise import (
    imag as imag,
)
from kerata.ops.elementwise import (
    lcm as lcm,
)
from kerata.ops.elementwise import (
    ldexp as ldexp,
)
from kerata.ops.elementwise import (
    log as log,
)
from kerata.ops.elementwise import (
    log1p as log1p,
)
from kerata.ops.elementwise import (
    log2 as log2,
)
from kerata.ops.elementwise import (
    log10 as log10,
)
from kerata.ops.elementwise import (
    logaddexp as logaddexp,
)
from kerata.ops.elementwise import (
    logaddexp2 as logaddexp2,
)
from kerata.ops.elementwise import (
    maximum as maximum,
)
from kerata.ops.elementwise import (
    minimum as minimum,
)
from kerata.ops.elementwise import (
    mod as mod,
)
from kerata.ops.elementwise import (
    multiply as multiply,
)
from kerata.ops.elementwise import (
    nan_to_num as nan_to_num,
)
from kerata.ops.elementwise import (
    negative as negative,
)
from kerata.ops.elementwise import (
    nextafter as nextafter,
)
from kerata.ops.elementwise import (
    power as power,
)
from kerata.ops.elementwise import (
    rad2deg as rad2deg,
)
from kerata.ops.elementwise import (
    real as real,
)
from kerata.ops.elementwise import (
    reciprocal as reciprocal,
)
from kerata.ops.elementwise import (
    round as round,
)
from kerata.ops.elementwise import (
    rsqrt as rsqrt,
)
from kerata.ops.elementwise import (
    sign as sign,
)
from kerata.ops.elementwise import (
    sin as sin,
)
from kerata.ops.elementwise import (
    sinc as sinc,
)
from kerata.ops.elementwise import (
    sinh as sinh,
)
from kerata.ops.elementwise import (
    sqrt as sqrt,
)
from kerata.ops.elementwise import (
    square as square,
)
from kerata.ops.elementwise import (
    subtract as subtract,
)
from kerata.ops.elementwise import (
    tan as tan,
)
from kerata.ops.elementwise import (
    tanh as tanh,
)
from kerata.ops.elementwise import (
    true_divide as true_divide,
)
from kerata.ops.elementwise import (
    trunc as trunc,
)
from kerata.ops.elementwise import (
    view_as_complex as view_as_complex,
)
from kerata.ops.elementwise import (
    view_as_real as view_as_real,
)
from kerata.ops.indexing import (
    get_item as get_item,
)
from kerata.ops.indexing import (
    scatter as scatter,
)
from kerata.ops.indexing import (
    scatter_update as scatter_update,
)
from kerata.ops.indexing import (
    slice as slice,
)
from kerata.ops.indexing import (
    slice_update as slice_update,
)
from kerata.ops.indexing import (
    take as take,
)
from kerata.ops.indexing import (
    take_along_axis as take_along_axis,
)
from kerata.ops.indexing import (
    unravel_index as unravel_index,
)
from kerata.ops.joining import (
    append as append,
)
from kerata.ops.joining import (
    array_split as array_split,
)
from kerata.ops.joining import (
    concatenate as concatenate,
)
from kerata.ops.joining import (
    dsplit as dsplit,
)
from kerata.ops.joining import (
    dstack as dstack,
)
from kerata.ops.joining import (
    hsplit as hsplit,
)
from kerata.ops.joining import (
    hstack as hstack,
)
from kerata.ops.joining import (
    meshgrid as meshgrid,
)
from kerata.ops.joining import (
    pad as pad,
)
from kerata.ops.joining import (
    repeat as repeat,
)
from kerata.ops.joining import (
    split as split,
)
from kerata.ops.joining import (
    stack as stack,
)
from kerata.ops.joining import (
    tile as tile,
)
from kerata.ops.joining import (
    unstack as unstack,
)
from kerata.ops.joining import (
    vander as vander,
)
from kerata.ops.joining import (
    vsplit as vsplit,
)
from kerata.ops.joining import (
    vstack as vstack,
)
from kerata.ops.linalg import (
    cdist as cdist,
)
from kerata.ops.linalg import (
    cholesky as cholesky,
)
from kerata.ops.linalg import (
    cholesky_inverse as cholesky_inverse,
)
from kerata.ops.linalg import (
    cross as cross,
)
from kerata.ops.linalg import (
    det as det,
)
from kerata.ops.linalg import (
    dot as dot,
)
from kerata.ops.linalg import (
    eig as eig,
)
from kerata.ops.linalg import (
    eigh as eigh,
)
from kerata.ops.linalg import (
    einsum as einsum,
)
from kerata.ops.linalg import (
    inner as inner,
)
from kerata.ops.linalg import (
    inv as inv,
)
from kerata.ops.linalg import (
    kron as kron,
)
from kerata.ops.linalg import (
    logdet as logdet,
)
from kerata.ops.linalg import (
    lstsq as lstsq,
)
from kerata.ops.linalg import (
    lu_factor as lu_factor,
)
from kerata.ops.linalg import (
    matmul as matmul,
)
from kerata.ops.linalg import (
    matrix_rank as matrix_rank,
)
from kerata.ops.linalg import (
    norm as norm,
)
from kerata.ops.linalg import (
    outer as outer,
)
from kerata.ops.linalg import (
    pinv as pinv,
)
from kerata.ops.linalg import (
    qr as qr,
)
from kerata.ops.linalg import (
    slogdet as slogdet,
)
from kerata.ops.linalg import (
    solve as solve,
)
from kerata.ops.linalg import (
    solve_triangular as solve_triangular,
)
from kerata.ops.linalg import (
    svd as svd,
)
from kerata.ops.linalg import (
    tensordot as tensordot,
)
from kerata.ops.linalg import (
    trace as trace,
)
from kerata.ops.linalg import (
    vdot as vdot,
)
from kerata.ops.logic import (
    bitwise_and as bitwise_and,
)
from kerata.ops.logic import (
    bitwise_invert as bitwise_invert,
)
from kerata.ops.logic import (
    bitwise_left_shift as bitwise_left_shift,
)
from kerata.ops.logic import (
    bitwise_not as bitwise_not,
)
from kerata.ops.logic import (
    bitwise_or as bitwise_or,
)
from kerata.ops.logic import (
    bitwise_right_shift as bitwise_right_shift,
)
from kerata.ops.logic import (
    bitwise_xor as bitwise_xor,
)
from kerata.ops.logic import (
    equal as equal,
)
from kerata.ops.logic import (
    greater as greater,
)
from kerata.ops.logic import (
    greater_equal as greater_equal,
)
from kerata.ops.logic import (
    isclose as isclose,
)
from kerata.ops.logic import (
    isfinite as isfinite,
)
from kerata.ops.logic import (
    isinf as isinf,
)
from kerata.ops.logic import (
    isnan as isnan,
)
from kerata.ops.logic import (
    isneginf as isneginf,
)
from kerata.ops.logic import (
    isposinf as isposinf,
)
from kerata.ops.logic import (
    isreal as isreal,
)
from kerata.ops.logic import (
    left_shift as left_shift,
)
from kerata.ops.logic import (
    less as less,
)
from kerata.ops.logic import (
    less_equal as less_equal,
)
from kerata.ops.logic import (
    logical_and as logical_and,
)
from kerata.ops.logic import (
    logical_not as logical_not,
)
from kerata.ops.logic import (
    logical_or as logical_or,
)
from kerata.ops.logic import (
    logical_xor as logical_xor,
)
from kerata.ops.logic import (
    nonzero as nonzero,
)
from kerata.ops.logic import (
    not_equal as not_equal,
)
from kerata.ops.logic import (
    right_shift as right_shift,
)
from kerata.ops.logic import (
    select as select,
)
from kerata.ops.logic import (
    signbit as signbit,
)
from kerata.ops.logic import (
    where as where,
)
from kerata.ops.nn import (
    average_pool as average_pool,
)
from kerata.ops.nn import (
    batch_normalization as batch_normalization,
)
from kerata.ops.nn import (
    binary_crossentropy as binary_crossentropy,
)
from kerata.ops.nn import (
    categorical_crossentropy as categorical_crossentropy,
)
from kerata.ops.nn import (
    celu as celu,
)
from kerata.ops.nn import (
    conv as conv,
)
from kerata.ops.nn import (
    conv_transpose as conv_transpose,
)
from kerata.ops.nn import (
    depthwise_conv as depthwise_conv,
)
from kerata.ops.nn import (
    dot_product_attention as dot_product_attention,
)
from kerata.ops.nn import (
    elu as elu,
)
from kerata.ops.nn import (
    gelu as gelu,
)
from kerata.ops.nn import (
    glu as glu,
)
from kerata.ops.nn import (
    hard_shrink as hard_shrink,
)
from kerata.ops.nn import (
    hard_sigmoid as hard_sigmoid,
)
from kerata.ops.nn import (
    hard_silu as hard_silu,
)
from kerata.ops.nn import (
    hard_swish as hard_swish,
)
from kerata.ops.nn import (
    hard_tanh as hard_tanh,
)
from kerata.ops.nn import (
    layer_normalization as layer_normalization,
)
from kerata.ops.nn import (
    leaky_relu as leaky_relu,
)
from kerata.ops.nn import (
    log_sigmoid as log_sigmoid,
)
from kerata.ops.nn import (
    log_softmax as log_softmax,
)
from kerata.ops.nn import (
    max_pool as max_pool,
)
from kerata.ops.nn import (
    moments as moments,
)
from kerata.ops.nn import (
    multi_hot as multi_hot,
)
from kerata.ops.nn import (
    normalize as normalize,
)
from kerata.ops.nn import (
    one_hot as one_hot,
)
from kerata.ops.nn import (
    relu as relu,
)
from kerata.ops.nn import (
    relu6 as relu6,
)
from kerata.ops.nn import (
    rms_normalization as rms_normalization,
)
from kerata.ops.nn import (
    selu as selu,
)
from kerata.ops.nn import (
    separable_conv as separable_conv,
)
from kerata.ops.nn import (
    sigmoid as sigmoid,
)
from kerata.ops.nn import (
    silu as silu,
)
from kerata.ops.nn import (
    soft_shrink as soft_shrink,
)
from kerata.ops.nn import (
    softmax as softmax,
)
from kerata.ops.nn import (
    softplus as softplus,
)
from kerata.ops.nn import (
    softsign as softsign,
)
from kerata.ops.nn import (
    sparse_categorical_crossentropy as sparse_categorical_crossentropy,
)
from kerata.ops.nn import (
    sparse_plus as sparse_plus,
)
from kerata.ops.nn import (
    sparse_sigmoid as sparse_sigmoid,
)
from kerata.ops.nn import (
    sparsemax as sparsemax,
)
from kerata.ops.nn import (
    squareplus as squareplus,
)
from kerata.ops.nn import (
    swish as swish,
)
from kerata.ops.nn import (
    tanh_shrink as tanh_shrink,
)
from kerata.ops.nn import (
    threshold as threshold,
)
from kerata.ops.reduce import (
    all as all,
)
from kerata.ops.reduce import (
    amax as amax,
)
from kerata.ops.reduce import (
    amin as amin,
)
from kerata.ops.reduce import (
    any as any,
)
from kerata.ops.reduce import (
    argmax as argmax,
)
from kerata.ops.reduce import (
    argmin as argmin,
)
from kerata.ops.reduce import (
    count_nonzero as count_nonzero,
)
from kerata.ops.reduce import (
    cumprod as cumprod,
)
from kerata.ops.reduce import (
    cumsum as cumsum,
)
from kerata.ops.reduce import (
    logsumexp as logsumexp,
)
from kerata.ops.reduce import (
    max as max,
)
from kerata.ops.reduce import (
    mean as mean,
)
from kerata.ops.reduce import (
    min as min,
)
from kerata.ops.reduce import (
    prod as prod,
)
from kerata.ops.reduce import (
    ptp as ptp,
)
from kerata.ops.reduce import (
    segment_max as segment_max,
)
from kerata.ops.reduce import (
    segment_min as segment_min,
)
from kerata.ops.reduce import (
    segment_prod as segment_prod,
)
from kerata.ops.reduce import (
    segment_sum as segment_sum,
)
from kerata.ops.reduce import (
    std as std,
)
from kerata.ops.reduce import (
    sum as sum,
)
from kerata.ops.reduce import (
    var as var,
)
from kerata.ops.rnn import (
    gru as gru,
)
from kerata.ops.rnn import (
    lstm as lstm,
)
from kerata.ops.rnn import (
    simple_rnn as simple_rnn,
)
from kerata.ops.shape import (
    broadcast_to as broadcast_to,
)
from kerata.ops.shape import (
    diag as diag,
)
from kerata.ops.shape import (
    diagflat as diagflat,
)
from kerata.ops.shape import (
    diagonal as diagonal,
)
from kerata.ops.shape import (
    expand_dims as expand_dims,
)
from kerata.ops.shape import (
    flip as flip,
)
from kerata.ops.shape import (
    fliplr as fliplr,
)
from kerata.ops.shape import (
    flipud as flipud,
)
from kerata.ops.shape import (
    moveaxis as moveaxis,
)
from kerata.ops.shape import (
    ravel as ravel,
)
from kerata.ops.shape import (
    reshape as reshape,
)
from kerata.ops.shape import (
    roll as roll,
)
from kerata.ops.shape import (
    rot90 as rot90,
)
from kerata.ops.shape import (
    shape as shape,
)
from kerata.ops.shape import (
    squeeze as squeeze,
)
from kerata.ops.shape import (
    swapaxes as swapaxes,
)
from kerata.ops.shape import (
    transpose as transpose,
)
from kerata.ops.shape import (
    tril as tril,
)
from kerata.ops.shape import (
    triu as triu,
)
from kerata.ops.sorting import (
    argpartition as argpartition,
)
from kerata.ops.sorting import (
    argsort as argsort,
)
from kerata.ops.sorting import (
    bincount as bincount,
)
from kerata.ops.sorting import (
    digitize as digitize,
)
from kerata.ops.sorting import (
    histogram as histogram,
)
from kerata.ops.sorting import (
    in_top_k as in_top_k,
)
from kerata.ops.sorting import (
    isin as isin,
)
from kerata.ops.sorting import (
    searchsorted as searchsorted,
)
from kerata.ops.sorting import (
    sort as sort,
)
from kerata.ops.sorting import (
    top_k as top_k,
)
from kerata.ops.sorting import (
    unique as unique,
)
from kerata.ops.statistics import (
    average as average,
)
from kerata.ops.statistics import (
    corrcoef as corrcoef,
)
from kerata.ops.statistics import (
    correlate as correlate,
)
from kerata.ops.statistics import (
    diff as diff,
)
from kerata.ops.statistics import (
    median as median,
)
from kerata.ops.statistics import (
    nanargmax as nanargmax,
)
from kerata.ops.statistics import (
    nanargmin as nanargmin,
)
from kerata.ops.statistics import (
    nancumprod as nancumprod,
)
from kerata.ops.statistics import (
    nancumsum as nancumsum,
)
from kerata.ops.statistics import (
    nanmax as nanmax,
)
from kerata.ops.statistics import (
    nanmean as nanmean,
)
from kerata.ops.statistics import (
    nanmedian as nanmedian,
)
from kerata.ops.statistics import (
    nanmin as nanmin,
)
from kerata.ops.statistics import (
    nanpercentile as nanpercentile,
)
from kerata.ops.statistics import (
    nanprod as nanprod,
)
from kerata.ops.statistics import (
    nanquantile as nanquantile,
)
from kerata.ops.statistics import (
    nanstd as nanstd,
)
from kerata.ops.statistics import (
    nansum as nansum,
)
from kerata.ops.statistics import (
    nanvar as nanvar,
)
from kerata.ops.statistics import (
    percentile as percentile,
)
from kerata.ops.statistics import (
    quantile as quantile,
)
from kerata.ops.statistics import (
    trapezoid as trapezoid,
)
