# One file, longer than 300 lines: the command carries it in its binary, and an engine's part is small.
"""Runs a model in another engine, and answers lines on standard input with a JSON object each.

    python peer.py onnxruntime|openvino|tensorflow|torch THREADS

    open BATCH PATH   loads a model in each of the engine's settings, runs each, and keeps the fastest
    run SECONDS       how long one call takes, over so many seconds
    predict IN OUT    runs IN.npy, an image batch with channels last, and writes what the model gives

The process stays alive between lines, so that turns with keras alternate with everything warm. Every engine is called
through the cheapest way it has from Python: inputs are bound or converted once, outputs are not copied.
TensorFlow reads Keras's own file; the others its ONNX twin (twin.py).
"""

import gc
import json
import os
import statistics
import sys
import time

# What the measuring machine may have set for its BLAS would slow a peer down.
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np


def numbers(shape):
    """The random input of timed runs."""
    return np.random.default_rng(1).random(shape, dtype=np.float32)


def channels_first(x):
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2)) if x.ndim == 4 else x


class OnnxRuntime:
    """Input and output bound to memory once."""

    def __init__(self, threads):
        import onnxruntime

        self.engine, self.threads, self.version = onnxruntime, threads, onnxruntime.__version__

    def settings(self, path, batch):
        options = self.engine.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self.threads, 1
        options.graph_optimization_level = self.engine.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.add_free_dimension_override_by_name("n", batch)
        session = self.engine.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        port = session.get_inputs()[0]
        binding = session.io_binding()
        self.held = numbers([batch, *port.shape[1:]])
        self.value = self.engine.OrtValue.ortvalue_from_numpy(self.held)
        binding.bind_ortvalue_input(port.name, self.value)
        binding.bind_output(session.get_outputs()[0].name, "cpu")
        session.run_with_iobinding(binding)
        out = binding.get_outputs()[0]
        binding.clear_binding_outputs()
        binding.bind_ortvalue_output(session.get_outputs()[0].name, out)
        inner, bound = session._sess, binding._iobinding  # the wrappers' own Python is left out
        yield "IOBinding", lambda: inner.run_with_iobinding(bound, None), lambda x: session.run(None, {port.name: channels_first(x)})[0]


class OpenVINO:
    """One request, its input set once; in the precision of the model, where it would take bfloat16."""

    def __init__(self, threads):
        import openvino

        self.engine, self.threads, self.version = openvino, threads, openvino.__version__.split("-")[0]

    def settings(self, path, batch):
        from openvino._pyopenvino import InferRequest

        core = self.engine.Core()
        for layout in ("NCHW", "NHWC"):
            model = core.read_model(path)
            shape = [batch, *list(model.input().partial_shape)[1:]]
            if layout == "NHWC":
                if len(shape) != 4 or shape[1] == 1:
                    continue
                steps = self.engine.preprocess.PrePostProcessor(model)
                steps.input().tensor().set_layout(self.engine.Layout("NHWC"))
                steps.input().model().set_layout(self.engine.Layout("NCHW"))
                model = steps.build()
                shape = [shape[0], *shape[2:], shape[1]]
            model.reshape([size if isinstance(size, int) else size.get_length() for size in shape])
            compiled = core.compile_model(model, "CPU", {
                "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": self.threads, "NUM_STREAMS": 1,
                "INFERENCE_PRECISION_HINT": "f32"})
            request = compiled.create_infer_request()
            held = self.engine.Tensor(numbers(list(compiled.input().shape)))
            request.set_input_tensor(held)

            def call(request=request, infer=InferRequest.infer):
                infer(request, {}, share_outputs=True, decode_strings=False)

            def predict(x, compiled=compiled, layout=layout):
                return compiled(channels_first(x) if layout == "NCHW" else x)[0].copy()

            yield layout, call, predict


class TensorFlow:
    """Concrete functions, called with a tensor that is ready."""

    def __init__(self, threads):
        import tensorflow

        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
        self.engine, self.version = tensorflow, tensorflow.__version__

    def settings(self, path, batch):
        import keras

        keras.backend.clear_session()
        model = keras.saving.load_model(path, compile=False)
        for setting in ("tf.function", "XLA"):
            function = self.engine.function(lambda x: model(x, training=False), jit_compile=setting == "XLA")
            shape = [batch, *model.input_shape[1:]]
            concrete = function.get_concrete_function(self.engine.TensorSpec(shape, "float32"))
            ready = self.engine.constant(numbers(shape))
            yield setting, lambda concrete=concrete, ready=ready: concrete(ready), lambda x, f=function: f(self.engine.constant(x)).numpy()


class Torch:
    """The twin's nodes as torch's functions, channels last, batch normalizations folded by freezing."""

    def __init__(self, threads):
        import torch

        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        self.engine, self.version = torch, torch.__version__

    def settings(self, path, batch):
        import onnx

        torch, proto = self.engine, onnx.load(path)
        shape = [d.dim_value for d in proto.graph.input[0].type.tensor_type.shape.dim][1:]
        for setting in ("eager", "frozen", "compiled"):
            if setting == "compiled" and not os.environ.get("PEER_TORCH_COMPILE"):
                continue
            module, x = self.module(proto.graph), torch.from_numpy(numbers([batch, *shape]))
            last = {"memory_format": torch.channels_last} if x.dim() == 4 else {}
            x = x.to(**last)
            with torch.inference_mode():
                if setting == "frozen":
                    module = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(module, x)))
                elif setting == "compiled":
                    import torch._inductor.config as inductor

                    inductor.freezing = True
                    module = torch.compile(module, dynamic=False)

            def call(module=module, x=x):
                with torch.inference_mode():
                    module(x)

            def predict(x, module=module, last=last):
                with torch.inference_mode():
                    return module(torch.from_numpy(channels_first(x)).to(**last)).numpy()

            yield f"channels_last, {setting}" if last else setting, call, predict

    def module(self, graph):
        """A module that runs the twin's nodes."""
        import onnx

        torch, nodes = self.engine, []
        module = torch.nn.Module()
        arrays = {constant.name: onnx.numpy_helper.to_array(constant) for constant in graph.initializer}
        for node in graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            constants = []
            for name in node.input:
                if name not in arrays:
                    continue
                tensor = torch.from_numpy(arrays[name].copy())
                if node.op_type in ("Conv", "Gemm", "BatchNormalization"):
                    tensor = tensor.to(memory_format=torch.channels_last) if tensor.dim() == 4 else tensor
                    module.register_buffer(name, tensor)
                constants.append(tensor)
            if node.op_type in PREPARED:
                constants = PREPARED[node.op_type](torch, constants)
            output = next(filter(None, node.output))
            nodes.append((FUNCTIONS[node.op_type], [n for n in node.input if n not in arrays], constants, attributes, output))
        start, end = graph.input[0].name, graph.output[0].name

        def forward(x):
            values = {start: x}
            for function, inputs, constants, attributes, output in nodes:
                values[output] = function(torch, [values[name] for name in inputs], constants, attributes)
            return values[end]

        module.forward = forward
        return module.eval()


def torch_pads(torch, x, pads, value=0.0):
    """Pads that torch's own functions cannot take: (x, 0) if it can, the padded image otherwise."""
    if not any(pads):
        return x, 0
    if pads[0] == pads[2] and pads[1] == pads[3]:
        return x, (pads[0], pads[1])
    return torch.nn.functional.pad(x, (pads[1], pads[3], pads[0], pads[2]), value=value), 0


def torch_convolution(torch, xs, constants, a):
    x, padding = torch_pads(torch, xs[0], a.get("pads", [0] * 4))
    bias = constants[1] if len(constants) > 1 else None
    return torch.nn.functional.conv2d(
        x, constants[0], bias, a.get("strides", [1, 1]), padding, a.get("dilations", [1, 1]), a.get("group", 1))


def torch_max_pool(torch, xs, constants, a):
    x, padding = torch_pads(torch, xs[0], a["pads"], float("-inf"))
    return torch.nn.functional.max_pool2d(x, a["kernel_shape"], a["strides"], padding)


def torch_average_pool(torch, xs, constants, a):
    pads = a["pads"]
    if pads[0] != pads[2] or pads[1] != pads[3]:
        raise ValueError("uneven padding of an average")
    return torch.nn.functional.avg_pool2d(xs[0], a["kernel_shape"], a["strides"], pads[:2], count_include_pad=False)


def torch_padding(torch, xs, constants, a):
    top, left, bottom, right = constants[0].tolist()[2:4] + constants[0].tolist()[6:]
    return torch.nn.functional.pad(xs[0], (left, right, top, bottom))


def torch_gates(order):
    """The gates' weights in torch's order, one list for each way: input, recurrent, and their biases."""
    def prepare(torch, constants):
        kernels, recurrents, biases = constants
        flat = []
        for way in range(len(kernels)):
            halves = biases[way].chunk(2)
            for part in (kernels[way], recurrents[way], *halves):
                pieces = part.chunk(len(order))
                flat.append(torch.cat([pieces[place] for place in order]).contiguous())
        return flat
    return prepare


def torch_recurrent(name):
    """The last states of all ways: `(ways, n, units)`, of steps first."""
    def run(torch, xs, flat, a):
        ways = len(flat) // 4
        zeros = xs[0].new_zeros((ways, xs[0].shape[1], a["hidden_size"]))
        states = (zeros, zeros) if name == "lstm" else zeros
        return getattr(torch, name)(xs[0], states, flat, True, 1, 0.0, False, ways == 2, False)[1]
    return run


# ONNX has i o f c and z r h, torch i f c o and r z h.
PREPARED = {"LSTM": torch_gates([0, 2, 3, 1]), "GRU": torch_gates([1, 0, 2])}

FUNCTIONS = {
    "LSTM": torch_recurrent("lstm"), "GRU": torch_recurrent("gru"),
    "Transpose": lambda torch, xs, c, a: xs[0].permute(*a["perm"]),
    "Reshape": lambda torch, xs, c, a: xs[0].reshape([size or xs[0].shape[i] for i, size in enumerate(c[0].tolist())]),
    "MatMul": lambda torch, xs, c, a: torch.matmul(*xs, *c),
    "LayerNormalization": lambda torch, xs, c, a: torch.nn.functional.layer_norm(xs[0], c[0].shape, c[0], c[1], a["epsilon"]),
    "Identity": lambda torch, xs, c, a: xs[0],
    "Conv": torch_convolution, "MaxPool": torch_max_pool, "AveragePool": torch_average_pool, "Pad": torch_padding,
    "Gemm": lambda torch, xs, c, a: torch.addmm(c[1], xs[0], c[0]),
    "BatchNormalization": lambda torch, xs, c, a: torch.nn.functional.batch_norm(
        xs[0], c[2], c[3], c[0], c[1], False, 0.0, a["epsilon"]),
    "Clip": lambda torch, xs, c, a: torch.clamp(xs[0], float(c[0]), float(c[1])),
    "Relu": lambda torch, xs, c, a: torch.relu(xs[0]),
    "Sigmoid": lambda torch, xs, c, a: torch.sigmoid(xs[0]),
    "Tanh": lambda torch, xs, c, a: torch.tanh(xs[0]),
    "Softmax": lambda torch, xs, c, a: torch.softmax(xs[0], a.get("axis", -1)),
    "GlobalAveragePool": lambda torch, xs, c, a: torch.mean(xs[0], (2, 3), keepdim=True),
    "GlobalMaxPool": lambda torch, xs, c, a: torch.amax(xs[0], (2, 3), keepdim=True),
    # In NCHW order whatever the memory's.
    "Flatten": lambda torch, xs, c, a: torch.flatten(xs[0], 1),
    "Add": lambda torch, xs, c, a: torch.add(*xs, *c),
    "Mul": lambda torch, xs, c, a: torch.mul(*xs, *c),
    "Concat": lambda torch, xs, c, a: torch.cat(xs, a["axis"]),
}

PEERS = {"onnxruntime": OnnxRuntime, "openvino": OpenVINO, "tensorflow": TensorFlow, "torch": Torch}


def timed(call, seconds):
    """Seconds per call: the median of blocks of a millisecond, or of one call if that takes longer, after a warm-up of a
    fifth of the time."""
    clock = time.perf_counter

    def block(calls):
        start = clock()
        for _ in range(calls):
            call()
        return (clock() - start) / calls

    spent, quickest = 0.0, float("inf")
    while spent < seconds * 0.2:
        one = block(1)
        spent, quickest = spent + one, min(quickest, one)
    size, blocks, total = max(int(1e-3 / quickest), 1), [], 0.0
    while total < seconds:
        blocks.append(block(size))
        total += blocks[-1] * size
    return {"seconds": statistics.median(blocks), "best": min(blocks), "calls": len(blocks) * size}


def fastest(peer, path, batch):
    """The setting whose calls take least time, after the calls that engines settle in."""
    best = None
    for name, call, predict in peer.settings(path, batch):
        for _ in range(3):
            call()
        seconds = timed(call, 0.1)["seconds"]
        if best is None or seconds < best[0]:
            best = (seconds, name, call, predict)
    return best[1:]


def main():
    peer = PEERS[sys.argv[1]](int(sys.argv[2]))
    # Engines print what they like; answers go where standard output was.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    call = predict = None
    for line in sys.stdin:
        words = line.rstrip("\n").split(" ", 2)
        try:
            if words[0] == "open":
                call = predict = None
                gc.collect()
                setting, call, predict = fastest(peer, words[2], int(words[1]))
                answer = {"ready": True, "version": peer.version, "setting": setting}
            elif words[0] == "run":
                gc.disable()
                answer = timed(call, float(words[1]))
                gc.enable()
            elif words[0] == "predict":
                np.save(words[2], predict(np.load(words[1]).astype(np.float32)))
                answer = {"done": True}
            else:
                raise ValueError(f"a line this does not know: {line!r}")
        except Exception as error:  # whatever an engine throws: the asker is told, and may go on
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
