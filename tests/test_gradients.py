"""The gradients agree with differences and with PyTorch, and the check catches wrong ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import check_grad

from stages.gradients.checker import (
    centred,
    check_gradient,
    extrapolated,
    forward,
    numeric_gradient,
    relative_errors,
)
from stages.gradients.combinations import COMBINATIONS, Combination, draw
from stages.gradients.objective import Objective
from stages.network.activations import ACTIVATIONS, Activation
from stages.network.epochs import LAST_BATCHES, batch_slices
from stages.network.losses import cross_entropy_gradient, log_softmax, softmax
from stages.network.model import Network
from stages.network.penalties import PENALTIES

DEEP = [c for c in COMBINATIONS if c.hidden_layers]
reproducible = settings(derandomize=True, database=None, max_examples=100)


def largest_errors(objective, gradient, parameters):
    comparisons = check_gradient(objective.value, gradient, parameters, signs=objective.signs)
    return [float(comparison.errors.max()) for comparison in comparisons]


# ---------------------------------------------------------------- wrong gradients are caught


def without_mean(gradients, _parameters, objective):
    return [gradient * len(objective.X) for gradient in gradients]


def without_biases(gradients, _parameters, _objective):
    half = len(gradients) // 2
    return gradients[:half] + [np.zeros_like(gradient) for gradient in gradients[half:]]


def penalised_biases(gradients, parameters, objective):
    half, alpha = len(gradients) // 2, objective.penalty.alpha
    extra = [2 * alpha * bias for bias in parameters[half:]]
    return gradients[:half] + [g + e for g, e in zip(gradients[half:], extra, strict=True)]


def half_the_l2(gradients, parameters, objective):
    half, alpha = len(gradients) // 2, objective.penalty.alpha
    less = [g - alpha * w for g, w in zip(gradients[:half], parameters, strict=False)]
    return less + gradients[half:]


def ascent(gradients, _parameters, _objective):
    return [-gradient for gradient in gradients]


@pytest.mark.parametrize("combination", [c for c in COMBINATIONS if c.penalty == "l2"])
@pytest.mark.parametrize(
    ("mutate", "wrong_weights", "wrong_biases"),
    [
        (without_mean, True, True),
        (without_biases, False, True),
        (penalised_biases, False, True),
        (half_the_l2, True, False),
        (ascent, True, True),
    ],
)
def test_a_wrong_gradient_is_caught_where_it_is_wrong(
    combination, mutate, wrong_weights, wrong_biases
):
    objective, parameters = draw(combination, seed=1)

    def gradient(moved):
        return mutate(objective.gradient(moved), moved, objective)

    errors = largest_errors(objective, gradient, parameters)
    half = len(errors) // 2
    assert [error > 1e-3 for error in errors] == [wrong_weights] * half + [wrong_biases] * half
    assert max(largest_errors(objective, objective.gradient, parameters)) < 1e-7


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_transposed_product_is_caught(activation):
    generator = np.random.default_rng(2)
    parameters = Network.initialize([5, 5, 5], activation, generator, np.float64).parameters
    X, y = generator.standard_normal((16, 5)), generator.integers(5, size=16)
    objective = Objective(activation, PENALTIES["none"](0.0), X, y)

    def gradient(moved):
        gradients = objective.gradient(moved)
        return [gradients[0].T, *gradients[1:]]

    errors = largest_errors(objective, gradient, parameters)
    assert errors[0] > 1e-2
    assert max(errors[1:]) < 1e-7


def test_a_transposed_product_of_unequal_sides_has_the_wrong_shape():
    objective, parameters = draw(Combination(0, "identity", "none"), seed=0)

    def gradient(moved):
        return [objective.gradient(moved)[0].T, objective.gradient(moved)[1]]

    with pytest.raises(ValueError, match=r"gradient 0 has shape \(5, 8\), should be \(8, 5\)"):
        check_gradient(objective.value, gradient, parameters)


def test_a_gradient_that_is_left_out_is_caught():
    objective, parameters = draw(Combination(0, "identity", "none"), seed=0)
    with pytest.raises(ValueError, match="shorter"):
        check_gradient(objective.value, lambda p: objective.gradient(p)[:1], parameters)


def wrong_relu(a, delta):
    np.multiply(delta, a >= 0, out=delta)


def wrong_tanh(a, delta):
    delta *= 1 - a


def wrong_identity(a, delta):
    delta *= a


@pytest.mark.parametrize("combination", DEEP)
def test_a_wrong_derivative_of_the_activation_is_caught(combination, monkeypatch):
    name = combination.activation
    wrong = {"relu": wrong_relu, "tanh": wrong_tanh, "identity": wrong_identity}[name]
    monkeypatch.setitem(ACTIVATIONS, name, Activation(ACTIVATIONS[name].apply, wrong))
    objective, parameters = draw(combination, seed=3)
    errors = largest_errors(objective, objective.gradient, parameters)
    depth = combination.hidden_layers + 1
    below = {*range(depth - 1), *range(depth, 2 * depth - 1)}
    assert {i for i, error in enumerate(errors) if error > 1e-3} == below


# ---------------------------------------------------------------- the checker itself


def cubic(parameters):
    return float((parameters[0] ** 3).sum())


def cubic_gradient(parameters):
    return [3 * parameters[0] ** 2]


def absolute(parameters):
    return float(np.abs(parameters[0]).sum())


def absolute_gradient(parameters):
    return [np.sign(parameters[0])]


def weight_signs(parameters):
    return np.sign(parameters[0])


@pytest.mark.parametrize(("difference", "error"), [(forward, 0.061), (centred, 1e-4)])
def test_a_difference_errs_by_its_first_term(difference, error):
    point = [np.array([2.0])]  # f'' / 2 = 6, f''' / 6 = 1
    numeric = numeric_gradient(cubic, point, 0.01, difference)[0]
    assert abs(numeric[0] - 12) == pytest.approx(error, rel=0.02)


def test_an_extrapolated_difference_is_exact_for_a_cubic():
    numeric = numeric_gradient(cubic, [np.array([2.0])], 0.01, extrapolated)[0]
    assert numeric[0] == pytest.approx(12, rel=1e-12)


def test_relative_errors_of_small_numbers_are_relative_to_the_floor():
    errors = relative_errors([2.0, 0.0, 0.0, 1e-8], [1.0, 0.0, 1e-6, 0.0], floor=1e-5)
    np.testing.assert_allclose(errors, [0.5, 0.0, 0.1, 1e-3])


def test_the_parameters_are_left_alone():
    objective, parameters = draw(Combination(2, "relu", "l1"), seed=0)
    before = [parameter.copy() for parameter in parameters]
    largest_errors(objective, objective.gradient, parameters)
    for parameter, old in zip(parameters, before, strict=True):
        np.testing.assert_array_equal(parameter, old)


def test_a_gradient_in_a_buffer_that_is_written_again_is_compared_as_it_was():
    buffer = np.empty(1)

    def function(point):
        buffer[:] = 0
        return cubic(point)

    def gradient(point):
        buffer[:] = 3 * point[0] ** 2
        return [buffer]

    (comparison,) = check_gradient(function, gradient, [np.array([2.0])])
    assert comparison.errors[0] < 1e-10


def test_a_parameter_beside_a_kink_is_found_and_tested_with_a_smaller_step():
    point = [np.array([0.5, 3e-4, -1e-6])]
    (comparison,) = check_gradient(absolute, absolute_gradient, point, signs=weight_signs)
    np.testing.assert_array_equal(comparison.kinked, [False, True, True])
    assert comparison.errors.max() < 1e-9
    (unaware,) = check_gradient(absolute, absolute_gradient, point)
    assert unaware.errors[1:].min() > 0.1


def test_a_wrong_gradient_beside_a_kink_is_caught():
    (comparison,) = check_gradient(
        absolute, lambda point: [-np.sign(point[0])], [np.array([3e-4])], signs=weight_signs
    )
    assert comparison.errors[0] == pytest.approx(2)


def test_a_relu_kink_is_found():
    objective, parameters = draw(Combination(1, "relu", "none"), seed=0)
    # The first unit's input for the first sample becomes 1e-5.
    first = objective.X[0] @ parameters[0][:, 0] + parameters[2][0]
    parameters[2][0] += 1e-5 - first
    comparisons = check_gradient(
        objective.value, objective.gradient, parameters, signs=objective.signs
    )
    assert comparisons[2].kinked[0]
    assert comparisons[0].kinked[:, 0].all()
    assert not comparisons[1].kinked.any()
    assert not comparisons[3].kinked.any()
    assert max(comparison.errors.max() for comparison in comparisons) < 1e-6


def test_a_point_on_a_kink_is_refused():
    with pytest.raises(ValueError, match="there is a kink within"):
        check_gradient(absolute, absolute_gradient, [np.array([0.0])], signs=weight_signs)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(value):
    with pytest.raises(ValueError, match="gradient 0 is not finite"):
        check_gradient(cubic, lambda _: [np.array([value])], [np.array([1.0])])
    with pytest.raises(ValueError, match="gradient 0 is not finite"):
        check_gradient(lambda _: value, cubic_gradient, [np.array([1.0])])


# ---------------------------------------------------------------- against other software


def torch_gradients(parameters, activation, X, y, label_smoothing=0.0, penalty="none", alpha=0.0):
    torch = pytest.importorskip("torch")
    tensors = [torch.tensor(parameter, requires_grad=True) for parameter in parameters]
    half = len(tensors) // 2
    functions = {"identity": lambda z: z, "relu": torch.relu, "tanh": torch.tanh}
    values = torch.tensor(X)
    for layer in range(half):
        values = values @ tensors[layer] + tensors[half + layer]
        if layer < half - 1:
            values = functions[activation](values)
    loss = torch.nn.functional.cross_entropy(
        values, torch.tensor(y), label_smoothing=label_smoothing
    )
    if penalty == "l1":
        loss = loss + alpha * sum(weight.abs().sum() for weight in tensors[:half])
    if penalty == "l2":
        loss = loss + alpha * sum(weight.square().sum() for weight in tensors[:half])
    loss.backward()
    return loss.item(), [tensor.grad.numpy() for tensor in tensors]


def assert_same(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_value_and_gradient_are_those_of_pytorch(combination):
    objective, parameters = draw(combination, seed=4)
    loss, gradients = torch_gradients(
        parameters,
        combination.activation,
        objective.X,
        objective.y,
        penalty=combination.penalty,
        alpha=objective.penalty.alpha,
    )
    assert objective.value(parameters) == pytest.approx(loss, rel=1e-14)
    assert_same(objective.gradient(parameters), gradients)


@pytest.mark.parametrize("label_smoothing", [0.1, 0.7])
@pytest.mark.parametrize("combination", [c for c in COMBINATIONS if c.penalty == "none"])
def test_label_smoothing_is_that_of_pytorch(combination, label_smoothing):
    objective, parameters = draw(combination, seed=5)
    activation, X, y = combination.activation, objective.X, objective.y
    half = len(parameters) // 2
    network = Network.dense(parameters[:half], parameters[half:], activation)
    ours = network.backpropagate(X, y, label_smoothing=label_smoothing)
    theirs, gradients = torch_gradients(parameters, activation, X, y, label_smoothing)
    assert ours == pytest.approx(theirs, rel=1e-14)
    assert_same(network.gradients, gradients)


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_scipy_finds_the_gradient_right(combination):
    objective, parameters = draw(combination, seed=6)
    ends = np.cumsum([parameter.size for parameter in parameters])[:-1]

    def unflatten(vector):
        parts = np.split(vector, ends)
        return [part.reshape(p.shape) for part, p in zip(parts, parameters, strict=True)]

    error = check_grad(
        lambda vector: objective.value(unflatten(vector)),
        lambda vector: np.concatenate([g.ravel() for g in objective.gradient(unflatten(vector))]),
        np.concatenate([parameter.ravel() for parameter in parameters]),
    )
    assert error < 1e-6  # of forward differences, as a norm over all parameters


# ---------------------------------------------------------------- parts of the training


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_dropout_has_the_gradient_of_the_network_that_is_left(activation, label_smoothing):
    objective, parameters = draw(Combination(2, activation, "none"), seed=7)
    X, y = objective.X, objective.y

    def backpropagate(moved):
        network = Network.dense(moved[:3], moved[3:], activation, dropout=0.4)
        # The same seed at each call: the same units are dropped.
        loss = network.backpropagate(X, y, np.random.default_rng(8), label_smoothing)
        return loss, network.gradients

    analytic = backpropagate(parameters)[1]
    numeric = numeric_gradient(lambda p: backpropagate(p)[0], parameters, 1e-5, centred)
    for a, n in zip(analytic, numeric, strict=True):
        assert relative_errors(a, n, floor=1e-3).max() < 1e-7
    whole = Network.dense(parameters[:3], parameters[3:], activation)
    whole.backpropagate(X, y)
    assert relative_errors(analytic[0], whole.gradients[0]).max() > 0.1


@pytest.mark.parametrize("last_batch", LAST_BATCHES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_batch_of_an_epoch_has_its_own_mean(activation, last_batch):
    generator = np.random.default_rng(9)
    network = Network.initialize([8, 7, 6, 5], activation, generator, np.float64, weight_scale=0.5)
    X, y = generator.standard_normal((32, 8)), generator.integers(5, size=32)
    objective = Objective(activation, PENALTIES["none"](0.0), X, y)
    slices = batch_slices(32, 9, last_batch)
    sizes = {"even": [8, 8, 8, 8], "short": [9, 9, 9, 5], "drop": [9, 9, 9]}[last_batch]
    assert [batch.stop - batch.start for batch in slices] == sizes
    for batch in slices:  # all in the same buffers
        loss = network.backpropagate(X[batch], y[batch])
        gradients = [gradient.copy() for gradient in network.gradients]
        own = objective._replace(X=X[batch], y=y[batch])
        assert loss == pytest.approx(own.value(network.parameters), rel=1e-14)
        assert_same(gradients, own.gradient(network.parameters))
        errors = largest_errors(own, lambda _, found=gradients: found, network.parameters)
        assert max(errors) < 1e-6


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_batch_of_one_class_only(activation):
    objective, parameters = draw(Combination(1, activation, "none"), seed=10)
    same = objective._replace(y=np.full(len(objective.y), 3))
    assert max(largest_errors(same, same.gradient, parameters)) < 1e-6
    bias_gradient = same.gradient(parameters)[-1]
    assert (bias_gradient < 0).tolist() == [False, False, False, True, False]


def test_one_class_in_all_leaves_nothing_to_learn():
    X, y = np.ones((4, 3)), np.zeros(4, dtype=np.int64)
    objective = Objective("identity", PENALTIES["none"](0.0), X, y)
    parameters = [np.ones((3, 1)), np.ones(1)]
    assert objective.value(parameters) == 0
    assert not any(gradient.any() for gradient in objective.gradient(parameters))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_huge_logits_have_a_finite_loss_and_gradient(dtype, label_smoothing):
    logits = np.array([[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4]], dtype=dtype)
    loss = cross_entropy_gradient(logits, np.array([1, 0]), label_smoothing)
    spread = label_smoothing / 3
    true = 1 - label_smoothing + spread
    losses = [true * 2e4 + spread * 1e4, true * 2e4 + np.log(2)]
    assert loss == pytest.approx(np.mean(losses), rel=1e-6)
    p_minus_t = [[1 - spread, -true, -spread], [-true, 0.5 - spread, 0.5 - spread]]
    np.testing.assert_allclose(logits, np.array(p_minus_t) / 2, atol=1e-7)


@pytest.mark.parametrize("hidden_layers", [0, 1, 2])
def test_a_proximal_step_is_one_along_the_sign_where_no_weight_reaches_zero(hidden_layers):
    objective, parameters = draw(Combination(hidden_layers, "tanh", "l1"), seed=11)
    plain = objective._replace(penalty=PENALTIES["none"](0.0))
    rate, alpha = 0.03, objective.penalty.alpha
    weights = [weight.copy() for weight in parameters[: hidden_layers + 1]]
    objective.penalty.shrink(weights, rate)
    whole, data = objective.gradient(parameters), plain.gradient(parameters)
    for new, old, all_, some in zip(weights, parameters, whole, data, strict=False):
        far = np.abs(old) > rate * alpha
        np.testing.assert_allclose((old - new)[far], rate * (all_ - some)[far], atol=1e-15)
        assert not new[~far].any()


# ---------------------------------------------------------------- properties

logit_arrays = arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.integers(1, 6)),
    elements=st.floats(-50, 50),
)


@reproducible
@given(logits=logit_arrays, shift=st.floats(-1e3, 1e3))
def test_softmax_does_not_see_a_shift(logits, shift):
    np.testing.assert_allclose(
        softmax(logits + shift), softmax(logits.copy()), rtol=1e-11, atol=1e-14
    )


@reproducible
@given(logits=logit_arrays)
def test_probabilities_sum_to_one(logits):
    p = softmax(logits)
    assert (p > 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-14)


@reproducible
@given(logits=logit_arrays)
def test_log_softmax_is_the_logarithm_of_softmax(logits):
    np.testing.assert_allclose(
        log_softmax(logits.copy()), np.log(softmax(logits)), rtol=1e-12, atol=1e-14
    )


@reproducible
@given(logits=logit_arrays, label_smoothing=st.floats(0, 0.99), data=st.data())
def test_each_row_of_the_gradient_sums_to_zero(logits, label_smoothing, data):
    n, n_classes = logits.shape
    labels = data.draw(arrays(np.int64, n, elements=st.integers(0, n_classes - 1)))
    loss = cross_entropy_gradient(logits, labels, label_smoothing)
    assert loss >= -1e-12
    np.testing.assert_allclose(logits.sum(axis=1), 0, atol=1e-14)
