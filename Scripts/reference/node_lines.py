"""Writes the table of nodes that the tests of ONNX take to their extremes.

One line for each form of a node among the node cases of the package onnx: the operator, its inputs with
type, extents and what integers and booleans hold, its outputs, and its attributes. Of one operator those
cases are kept that differ in which attributes and inputs they have, the smallest first.

    python3 Scripts/reference/node_lines.py > Tests/ONNXTests/Data/nodes.txt
"""
import collections
import re
import warnings

import numpy as np
from onnx import AttributeProto, TensorProto, helper, numpy_helper
from onnx.backend.test.loader import load_model_tests

MOST = 4
ELEMENTS = 4096


# Forms that those cases leave out: operators without a case, and older versions.
EXTRA = """
ai.onnx:Constant:13 ->1 value_int=i:3
ai.onnx:Constant:13 ->1 value_ints=I:3,4
ai.onnx:Constant:13 ->1 value_floats=F:3.0,4.0
ai.onnx:ConstantOfShape:13 7[3]=2,3,4 ->1
ai.onnx:RandomNormal:13 ->1 shape=I:2,3 mean=f:0.0 scale=f:1.0 seed=f:1.0
ai.onnx:RandomUniform:13 ->1 shape=I:2,3 low=f:0.0 high=f:1.0
ai.onnx:RandomNormalLike:13 1[2x3] ->1 mean=f:0.0 scale=f:1.0
ai.onnx:RandomUniformLike:13 1[2x3] ->1 low=f:0.0 high=f:1.0
ai.onnx:Multinomial:13 1[2x3] ->1 sample_size=i:4 seed=f:1.0
ai.onnx:GlobalLpPool:13 1[1x2x3x3] ->1 p=i:2
ai.onnx:LpPool:18 1[1x2x5x5] ->1 kernel_shape=I:2,2 p=i:3 strides=I:2,2 pads=I:0,0,1,1 dilations=I:1,1
ai.onnx:MaxRoiPool:13 1[1x2x6x6] 1[1x5]=0.0,0.0,0.0,3.0,3.0 ->1 pooled_shape=I:2,2 spatial_scale=f:1.0
ai.onnx:Mish:18 1[2x3] ->1
ai.onnx:Pad:2 1[2x3] ->1 pads=I:0,1,0,1 value=f:0.5
ai.onnx:Slice:1 1[4x3] ->1 axes=I:0,1 starts=I:0,1 ends=I:2,1000
ai.onnx:Split:2 1[6x2] ->2 axis=i:0 split=I:2,4
ai.onnx:Split:2 1[6x2] ->3 axis=i:0
ai.onnx:Tile:1 1[2x3] 1[1]=2.0 1[1]=1.0 ->1
ai.onnx:Upsample:1 1[1x1x2x2] ->1 height_scale=f:2.0 width_scale=f:2.0
ai.onnx:Upsample:7 1[1x1x2x2] ->1 scales=F:1.0,1.0,2.0,2.0 mode=s:linear
ai.onnx:Upsample:9 1[1x1x2x2] 1[4]=1.0,1.0,2.0,3.0 ->1
ai.onnx:Resize:10 1[1x1x2x2] 1[4]=1.0,1.0,2.0,3.0 ->1 mode=s:linear
ai.onnx:Resize:18 1[1x1x4x4] - - 7[4]=1,1,2,3 ->1 mode=s:cubic antialias=i:1 exclude_outside=i:1 cubic_coeff_a=f:-0.5
ai.onnx:Resize:18 1[1x1x4x4] 1[8]=0.0,0.0,0.1,0.2,1.0,1.0,0.9,0.8 - 7[4]=1,1,2,3 ->1 coordinate_transformation_mode=s:tf_crop_and_resize extrapolation_value=f:10.0
ai.onnx:TopK:1 1[3x4] ->2 k=i:2 axis=i:1
ai.onnx:Softmax:11 1[2x3x4] ->1 axis=i:1
ai.onnx:LogSoftmax:11 1[2x3x4] ->1 axis=i:1
ai.onnx:Hardmax:11 1[2x3x4] ->1 axis=i:1
ai.onnx:Squeeze:11 1[1x3x1] ->1 axes=I:0,2
ai.onnx:Unsqueeze:11 1[3x4] ->1 axes=I:0,2
ai.onnx:ReduceSum:11 1[2x3x4] ->1 axes=I:0,2 keepdims=i:1
ai.onnx:ReduceMean:13 1[2x3x4] ->1 axes=I:0,2 keepdims=i:0
ai.onnx:Reshape:1 1[2x3] ->1 shape=I:3,2
ai.onnx:Add:6 1[2x3x4] 1[3] ->1 axis=i:1 broadcast=i:1
ai.onnx:BatchNormalization:7 1[2x3x4] 1[3] 1[3] 1[3] 1[3] ->1 epsilon=f:1e-05 momentum=f:0.9
ai.onnx:Clip:6 1[2x3] ->1 min=f:-1.0 max=f:1.0
ai.onnx:Clip:13 1[2x3] 1[]=-1.0 1[]=1.0 ->1
ai.onnx:Dropout:7 1[2x3] ->1 ratio=f:0.5
ai.onnx:DFT:17 1[1x8x1] 7[]=6 ->1 axis=i:1 inverse=i:0 onesided=i:1
ai.onnx:Conv:11 1[1x2x5x5] 1[4x1x3x3] 1[4] ->1 group=i:2 kernel_shape=I:3,3 strides=I:2,2 pads=I:1,1,1,1 dilations=I:1,1
ai.onnx:Conv:11 1[1x2x4x4x4] 1[3x2x2x2x2] ->1 kernel_shape=I:2,2,2 strides=I:1,1,1 pads=I:0,0,0,1,1,1
ai.onnx:ConvTranspose:11 1[1x2x4x4] 1[2x2x3x3] ->1 strides=I:2,2 pads=I:1,1,1,1 output_padding=I:1,1 dilations=I:1,1 group=i:1 output_shape=I:8,8
ai.onnx:ConvTranspose:11 1[1x2x3x3x3] 1[2x1x2x2x2] ->1 strides=I:2,2,2 pads=I:0,0,0,1,1,1
ai.onnx:MaxPool:12 1[1x1x6x6] ->2 kernel_shape=I:2,2 strides=I:2,2 pads=I:0,0,1,1 dilations=I:1,1 ceil_mode=i:1 storage_order=i:1
ai.onnx:MaxPool:12 1[1x1x4x4x4] ->1 kernel_shape=I:2,2,2 strides=I:1,1,1
ai.onnx:AveragePool:19 1[1x1x6x6] ->1 kernel_shape=I:3,3 strides=I:2,2 pads=I:2,2,1,1 dilations=I:1,1 ceil_mode=i:1 count_include_pad=i:1
ai.onnx:DeformConv:19 1[1x1x3x3] 1[1x1x2x2] 1[1x8x2x2] ->1 kernel_shape=I:2,2 strides=I:1,1 pads=I:0,0,0,0 group=i:1 offset_group=i:1
ai.onnx:GRU:14 1[2x1x3] 1[1x6x3] 1[1x6x2] ->2 hidden_size=i:2 clip=f:1.0 linear_before_reset=i:1 layout=i:0
ai.onnx:RNN:14 1[2x1x3] 1[1x2x3] 1[1x2x2] - 6[1]=2 ->2 hidden_size=i:2 activation_alpha=F:1.0 activations=S:Affine
ai.onnx:LSTM:14 1[2x1x3] 1[1x8x3] 1[1x8x2] ->3 hidden_size=i:2 input_forget=i:0
ai.onnx:QuantizeLinear:21 1[2x4] 1[2x2] 3[2x2]=0,0,1,1 ->1 axis=i:1 block_size=i:2 saturate=i:1
ai.onnx:DequantizeLinear:21 3[2x4]=1,2,3,4,5,6,7,8 1[2x2] ->1 axis=i:1 block_size=i:2
ai.onnx:StringSplit:20 1[2] ->1 maxsplit=i:1
ai.onnx:CausalConvWithState:28 1[1x2x4] 1[2x1x3] ->2
ai.onnx:SplitToSequence:11 1[6x2] 7[]=2 ->1 axis=i:0 keepdims=i:1
ai.onnx:SplitToSequence:11 1[6x2] 7[2]=2,4 ->1 axis=i:0
ai.onnx:SplitToSequence:11 1[6x2] ->1 axis=i:1 keepdims=i:0
ai.onnx:SequenceEmpty:11 ->1 dtype=i:1
ai.onnx:SequenceConstruct:11 1[2] 1[3] ->1
ai.onnx:Optional:15 1[2] ->1
com.microsoft:BiasGelu:1 1[2x4] 1[4] ->1
com.microsoft:FastGelu:1 1[2x4] 1[4] ->1
com.microsoft:QuickGelu:1 1[2x4] ->1 alpha=f:1.702
com.microsoft:FusedConv:1 1[1x2x5x5] 1[4x2x3x3] ->1 activation=s:LeakyRelu activation_params=F:0.1 strides=I:1,1 pads=I:0,0,0,0
com.microsoft:FusedGemm:1 1[2x3] 1[3x4] 1[4] ->1 alpha=f:1.0 beta=f:1.0 transA=i:0 transB=i:0 activation=s:Relu
com.microsoft:FusedMatMul:1 1[2x3] 1[3x4] ->1 alpha=f:0.5 transA=i:0 transB=i:0
com.microsoft:Attention:1 1[1x4x6] 1[6x18] 1[18] ->1 num_heads=i:2 qkv_hidden_sizes=I:6,6,6 unidirectional=i:1 scale=f:0.5
com.microsoft:MultiHeadAttention:1 1[1x4x6] 1[1x4x6] 1[1x4x6] ->1 num_heads=i:2 scale=f:0.5
com.microsoft:RotaryEmbedding:1 1[1x4x8] 7[1x4]=0,1,2,3 1[8x2] 1[8x2] ->1 num_heads=i:2 rotary_embedding_dim=i:0 interleaved=i:0
com.microsoft:SkipLayerNormalization:1 1[1x2x4] 1[1x2x4] 1[4] 1[4] ->1 epsilon=f:1e-05
com.microsoft:SkipSimplifiedLayerNormalization:1 1[1x2x4] 1[1x2x4] 1[4] ->1 epsilon=f:1e-05
ai.onnx:SimplifiedLayerNormalization:1 1[2x4] 1[4] ->1 axis=i:-1 epsilon=f:1e-05
""".strip()


def shown(values):
    return ",".join(repr(v) if isinstance(v, float) else str(v) for v in values)


def attribute(a):
    kinds = {
        AttributeProto.INT: lambda: f"i:{a.i}", AttributeProto.FLOAT: lambda: f"f:{a.f!r}",
        AttributeProto.STRING: lambda: f"s:{a.s.decode()}", AttributeProto.INTS: lambda: f"I:{shown(a.ints)}",
        AttributeProto.FLOATS: lambda: f"F:{shown([float(f) for f in a.floats])}",
        AttributeProto.STRINGS: lambda: "S:" + ",".join(s.decode() for s in a.strings),
    }
    return f"{a.name}={kinds[a.type]()}" if a.type in kinds else None


def line(case):
    model = case.model
    if len(model.graph.node) != 1 or model.functions:
        return None
    node = model.graph.node[0]
    if any(c in node.op_type for c in " \t") or node.attribute and None in map(attribute, node.attribute):
        return None
    held = dict(zip((i.name for i in model.graph.input), case.data_sets[0][0]))
    parts = [f"{node.domain or 'ai.onnx'}:{node.op_type}:{max(o.version for o in model.opset_import)}"]
    size = 0
    for name in node.input:
        if not name:
            parts.append("-")
            continue
        info = next((i for i in model.graph.input if i.name == name), None)
        value = held.get(name)
        if info is None or not info.type.HasField("tensor_type") or value is None:
            return None
        if isinstance(value, TensorProto):
            value = numpy_helper.to_array(value)
        array = np.asarray(value)
        size += array.size
        extents = "x".join(map(str, array.shape))
        kind = info.type.tensor_type.elem_type
        text = f"{kind}[{extents}]"
        if array.size <= 16 and array.dtype.kind in "iub":
            text += "=" + shown([int(v) for v in array.reshape(-1)])
        elif array.size <= 4 and array.dtype.kind == "f":
            text += "=" + shown([float(v) for v in array.reshape(-1)])
        parts.append(text)
    if size > ELEMENTS:
        return None
    parts.append("->" + str(len(node.output)))
    parts += [attribute(a) for a in node.attribute]
    if any(re.search(r"[\s]", p) for p in parts):
        return None
    form = (node.op_type, len(node.input), len(node.output), tuple(sorted(a.name for a in node.attribute)))
    return form, size, " ".join(parts)


def main():
    warnings.simplefilter("ignore")
    forms = {}
    for case in load_model_tests(kind="node"):
        found = line(case)
        if found and (found[0] not in forms or found[1] < forms[found[0]][0]):
            forms[found[0]] = found[1:]
    groups = collections.defaultdict(list)
    for form, (size, text) in forms.items():
        groups[form[0]].append((len(form[3]), text))
    for name in sorted(groups):
        # Those with most attributes first: they say most.
        for _, text in sorted(groups[name], key=lambda g: (-g[0], len(g[1])))[:MOST]:
            print(text)
    print(EXTRA)


main()
