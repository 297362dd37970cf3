"""What the benchmarks of a training step run: networks that both sides build."""


def mlp(depth, width, activation, steps):
    batch = 128
    return {
        "name": f"{depth} × {width} {activation}", "kind": "mlp", "depth": depth, "width": width,
        "activation": activation, "batch": batch, "input": [width], "steps": steps,
        "gflop": 2e-9 * batch * width**2 * (3 * depth - 1),
        "yaml": f"""network:
  input: [{width}]
  layers:
    - repeat: {depth}
      layers: [{{dense: {width}}}, {activation}]
  loss: mean_squared_error
"""}


def conv(depth, width, side, batch, steps):
    return {
        "name": f"conv {depth} × {width}", "kind": "conv", "depth": depth, "width": width,
        "batch": batch, "input": [width, side, side], "steps": steps,
        "gflop": 2e-9 * batch * width**2 * 9 * side**2 * (3 * depth - 1),
        "yaml": f"""network:
  input: [{width}, {side}, {side}]
  layers:
    - repeat: {depth}
      layers:
        - conv2d: {{channels: {width}, kernel: 3, padding: same, bias: false}}
        - batch_norm
        - relu
  loss: mean_squared_error
"""}


def transformer(depth, width, heads, tokens, batch, steps):
    return {
        "name": f"transformer {depth}", "kind": "transformer", "depth": depth, "width": width,
        "heads": heads, "batch": batch, "input": [tokens, width], "steps": steps,
        # Four products of the width and two of four times the width; scores and their sums.
        "gflop": 6e-9 * batch * tokens * depth * (12 * width**2 + 2 * tokens * width),
        "yaml": f"""network:
  input: [{tokens}, {width}]
  layers:
    - repeat: {depth}
      layers:
        - residual:
            norm: pre
            layers:
              - attention: {{heads: {heads}}}
        - residual:
            norm: pre
            layers:
              - dense: {4 * width}
              - gelu
              - dense: {width}
  loss: mean_squared_error
"""}


def lstm(width, length, batch, steps):
    return {
        "name": f"lstm {width}, {length} steps", "kind": "lstm", "depth": 1, "width": width,
        "batch": batch, "input": [length, width], "steps": steps,
        "gflop": 8e-9 * batch * width**2 * (2 * length + 3 * (length - 1)),
        "yaml": f"""network:
  input: [{length}, {width}]
  layers:
    - lstm: {{units: {width}}}
  loss: mean_squared_error
"""}


ROWS = [
    mlp(8, 1024, "relu", 9), mlp(50, 512, "tanh", 7), mlp(50, 512, "gelu", 7),
    mlp(200, 128, "tanh", 15), mlp(1000, 64, "tanh", 9), mlp(10_000, 64, "tanh", 1),
    conv(20, 64, 32, 32, 1), transformer(12, 256, 4, 64, 16, 3), lstm(256, 100, 64, 5),
]
QUICK = [mlp(8, 256, "relu", 3), conv(2, 8, 8, 4, 3), transformer(1, 32, 2, 8, 4, 3),
         lstm(16, 5, 4, 3)]
