"""Real architectures with their libraries' own starts, judged: EVENKEEL FOLDER [--only NAME] [--markdown].

Networks of torchvision, timm and transformers are made from configurations, small where they can be, with
the starts that their libraries give them and no weights from anywhere. PyTorch exports each and trains it for
20 steps on one batch; `check` judges it for training and for inference. A network that trains in PyTorch and
that a check calls failing is a wrong answer, and the script then ends with status 1. Models that were
exported before are kept in FOLDER.
"""
import argparse
import json
import os
import subprocess
import sys
import time
import warnings

warnings.filterwarnings("ignore")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
import numpy as np
import torch
import torch.nn.functional as F

# The wheel of PyPI is built for CUDA. Without CUDA's library its own operators cannot be loaded, which no
# network here needs, but its import asks for the names of two.
operators = torch.library.Library("torchvision", "FRAGMENT")
for operator in ("nms", "qnms"):
    try:
        operators.define(operator + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    except RuntimeError:
        pass
torch.set_num_threads(2)


class Outputs(torch.nn.Module):
    """The first tensor that a network gives, with its inputs by position."""

    def __init__(self, module, names=None):
        super().__init__()
        self.module = module
        self.names = names

    def forward(self, *inputs):
        if self.names:
            found = self.module(**dict(zip(self.names, inputs)))
        else:
            found = self.module(*inputs)
        if isinstance(found, torch.Tensor):
            return found
        if isinstance(found, (list, tuple)):
            return found[0]
        if isinstance(found, dict) and not hasattr(found, "to_tuple"):
            return next(iter(found.values()))
        return found.to_tuple()[0]


def vision(name, size=64, batch=4, **options):
    def make():
        import torchvision
        return torchvision.models.get_model(name, weights=None, **options), (torch.randn(batch, 3, size, size),), None
    return make


def timm_model(name, size=64, batch=4, **options):
    def make():
        import timm
        try:
            model = timm.create_model(name, pretrained=False, img_size=size, **options)
        except TypeError:
            model = timm.create_model(name, pretrained=False, **options)
        return model, (torch.randn(batch, 3, size, size),), None
    return make


SMALL = dict(hidden_size=64, num_hidden_layers=3, num_attention_heads=4, intermediate_size=128, vocab_size=200,
             max_position_embeddings=64)


def tokens(batch=4, length=16, words=200):
    return torch.randint(5, words, (batch, length))


def masked(batch=4, length=16):
    mask = torch.ones(batch, length, dtype=torch.int64)
    mask[1, length // 2:] = 0
    return mask


def text(kind, mask=True, **options):
    """A model of tokens, with a mask of attention where it takes one."""
    def make():
        import transformers
        config = getattr(transformers, kind[0])(**{**SMALL, **options})
        config._attn_implementation = "eager"
        model = getattr(transformers, kind[1])(config)
        if hasattr(model.config, "use_cache"):
            model.config.use_cache = False
        inputs, names = (tokens(),), ["input_ids"]
        if mask:
            inputs, names = inputs + (masked(),), names + ["attention_mask"]
        return model, inputs, names
    return make


def custom(config, kind, inputs, names, **options):
    def make():
        import transformers
        made = getattr(transformers, config)(**options)
        made._attn_implementation = "eager"
        model = getattr(transformers, kind)(made)
        if hasattr(model.config, "use_cache"):
            model.config.use_cache = False
        return model, inputs(), names
    return make


def images(size=32, batch=2, channels=3):
    return lambda: (torch.randn(batch, channels, size, size),)


GPT = dict(n_embd=64, n_layer=3, n_head=4, vocab_size=200, n_positions=64)
DECODER = dict(num_key_value_heads=2)
SEQ = dict(d_model=64, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4,
           encoder_ffn_dim=128, decoder_ffn_dim=128, vocab_size=200, max_position_embeddings=64)
TWO = ["input_ids", "attention_mask", "decoder_input_ids"]


def two():
    return tokens(), masked(), tokens(length=12)


NETWORKS = {
    "torchvision": {
        "alexnet": vision("alexnet", 96), "vgg11": vision("vgg11"), "resnet18": vision("resnet18"), "resnet50": vision("resnet50"), "resnext50": vision("resnext50_32x4d"),
        "densenet121": vision("densenet121"), "googlenet": vision("googlenet", 96, init_weights=False, aux_logits=False),
        "mobilenet_v2": vision("mobilenet_v2"), "mobilenet_v3_small": vision("mobilenet_v3_small"),
        "efficientnet_b0": vision("efficientnet_b0"), "efficientnet_v2_s": vision("efficientnet_v2_s"),
        "squeezenet1_1": vision("squeezenet1_1"), "shufflenet_v2": vision("shufflenet_v2_x0_5"),
        "mnasnet0_5": vision("mnasnet0_5"), "regnet_y_400mf": vision("regnet_y_400mf"),
        "convnext_tiny": vision("convnext_tiny"), "swin_t": vision("swin_t"),
        "vit_b_32": vision("vit_b_32", 64, image_size=64),
    },
    "timm": {
        "resnet26d": timm_model("resnet26d"), "resnetv2_50": timm_model("resnetv2_50"),
        "convnext_atto": timm_model("convnext_atto"), "convnextv2_atto": timm_model("convnextv2_atto"),
        "deit_tiny": timm_model("deit_tiny_patch16_224"), "cait_xxs24": timm_model("cait_xxs24_224"),
        "mixer_s32": timm_model("mixer_s32_224"), "resmlp_12": timm_model("resmlp_12_224"),
        "gmlp_ti16": timm_model("gmlp_ti16_224"), "poolformer_s12": timm_model("poolformer_s12"),
        "mobilevit_xxs": timm_model("mobilevit_xxs"), "ghostnet_050": timm_model("ghostnet_050"),
        "levit_128s": timm_model("levit_128s", 224, 2), "pvt_v2_b0": timm_model("pvt_v2_b0"),
        "xcit_nano": timm_model("xcit_nano_12_p16_224"), "dm_nfnet_f0": timm_model("eca_nfnet_l0", 64, 2),
        "hrnet_w18_small": timm_model("hrnet_w18_small"), "res2net50": timm_model("res2net50_26w_4s"),
        "resnest14d": timm_model("resnest14d"), "edgenext_xx_small": timm_model("edgenext_xx_small"),
        "repvgg_a0": timm_model("repvgg_a0"), "dla34": timm_model("dla34"), "lcnet_050": timm_model("lcnet_050"),
        "vovnet19b": timm_model("ese_vovnet19b_dw"), "maxvit_atto": timm_model("maxvit_rmlp_pico_rw_256", 128, 2),
        "coatnet_nano": timm_model("coatnet_nano_rw_224", 64), "volo_d1": timm_model("volo_d1_224", 64, 2),
        "twins_svt_small": timm_model("twins_svt_small"), "beit_tiny": timm_model("eva02_tiny_patch14_224", 56),
    },
    "transformers": {
        "bert": text(("BertConfig", "BertModel")), "roberta": text(("RobertaConfig", "RobertaModel")),
        "albert": text(("AlbertConfig", "AlbertModel"), embedding_size=32),
        "electra": text(("ElectraConfig", "ElectraModel"), embedding_size=32),
        "distilbert": text(("DistilBertConfig", "DistilBertModel"), dim=64, n_layers=3, n_heads=4, hidden_dim=128),
        "deberta_v2": text(("DebertaV2Config", "DebertaV2Model"), relative_attention=True,
                           pos_att_type=["p2c", "c2p"], position_buckets=8),
        "mpnet": text(("MPNetConfig", "MPNetModel")), "mobilebert": text(
            ("MobileBertConfig", "MobileBertModel"), embedding_size=32, true_hidden_size=32,
            intra_bottleneck_size=32, num_feedforward_networks=2),
        "squeezebert": text(("SqueezeBertConfig", "SqueezeBertModel"), embedding_size=64),
        "funnel_xlm": text(("XLMRobertaConfig", "XLMRobertaForMaskedLM")),
        "gpt2": text(("GPT2Config", "GPT2LMHeadModel"), **GPT),
        "gpt_neo": text(("GPTNeoConfig", "GPTNeoForCausalLM"), num_layers=2, num_hidden_layers=2, num_heads=4,
                        attention_types=[[["global", "local"], 1]]),
        "gpt_neox": text(("GPTNeoXConfig", "GPTNeoXForCausalLM")),
        "opt": text(("OPTConfig", "OPTForCausalLM"), ffn_dim=128, word_embed_proj_dim=64),
        "bloom": text(("BloomConfig", "BloomForCausalLM"), n_layer=3, n_head=4),
        "llama": text(("LlamaConfig", "LlamaForCausalLM"), **DECODER),
        "mistral": text(("MistralConfig", "MistralForCausalLM"), **DECODER),
        "qwen2": text(("Qwen2Config", "Qwen2ForCausalLM"), **DECODER),
        "qwen3": text(("Qwen3Config", "Qwen3ForCausalLM"), head_dim=16, **DECODER),
        "gemma": text(("GemmaConfig", "GemmaForCausalLM"), head_dim=16, **DECODER),
        "gemma2": text(("Gemma2Config", "Gemma2ForCausalLM"), head_dim=16, **DECODER),
        "phi": text(("PhiConfig", "PhiForCausalLM")), "falcon": text(("FalconConfig", "FalconForCausalLM")),
        "olmo2": text(("Olmo2Config", "Olmo2ForCausalLM"), **DECODER),
        "stablelm": text(("StableLmConfig", "StableLmForCausalLM"), **DECODER),
        "t5": custom("T5Config", "T5ForConditionalGeneration", two, TWO, d_model=64, d_kv=16, d_ff=128,
                     num_layers=2, num_heads=4, vocab_size=200),
        "bart": custom("BartConfig", "BartForConditionalGeneration", two, TWO, **SEQ),
        "pegasus": custom("PegasusConfig", "PegasusForConditionalGeneration", two, TWO, **SEQ),
        "m2m": custom("M2M100Config", "M2M100ForConditionalGeneration", two, TWO, **SEQ),
        "vit": custom("ViTConfig", "ViTForImageClassification", images(), ["pixel_values"], image_size=32,
                      patch_size=8, hidden_size=64, num_hidden_layers=3, num_attention_heads=4,
                      intermediate_size=128),
        "dinov2": custom("Dinov2Config", "Dinov2Model", images(), ["pixel_values"], image_size=32, patch_size=8,
                         hidden_size=64, num_hidden_layers=3, num_attention_heads=4),
        "segformer": custom("SegformerConfig", "SegformerForSemanticSegmentation", images(64), ["pixel_values"],
                            depths=[1, 1, 1, 1], hidden_sizes=[16, 32, 48, 64], num_attention_heads=[1, 2, 3, 4],
                            decoder_hidden_size=32),
        "whisper": custom("WhisperConfig", "WhisperForConditionalGeneration",
                          lambda: (torch.randn(2, 80, 64), tokens(2, 10)), ["input_features", "decoder_input_ids"],
                          d_model=64, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
                          decoder_attention_heads=4, encoder_ffn_dim=128, decoder_ffn_dim=128, vocab_size=200,
                          max_source_positions=32, max_target_positions=32, pad_token_id=0, bos_token_id=1,
                          eos_token_id=2, decoder_start_token_id=1),
        "wav2vec2": custom("Wav2Vec2Config", "Wav2Vec2Model", lambda: (torch.randn(2, 4000),), ["input_values"],
                           hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
                           conv_dim=[32, 32, 32], conv_stride=[5, 2, 2], conv_kernel=[10, 3, 3],
                           num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4, mask_time_prob=0.0),
        "clip_text": text(("CLIPTextConfig", "CLIPTextModel")),
        "mamba": custom("MambaConfig", "MambaForCausalLM", lambda: (tokens(2, 8),), ["input_ids"], hidden_size=32,
                        num_hidden_layers=2, state_size=4, vocab_size=200),
    },
}


def made(make):
    torch.manual_seed(0)
    np.random.seed(0)
    model, inputs, names = make()
    return Outputs(model, names), inputs


def learns(make):
    """Losses before and after 20 steps of Adam, or of SGD where Adam does not lower it."""
    losses = None
    for optimizer in (lambda p: torch.optim.Adam(p, 1e-3), lambda p: torch.optim.SGD(p, 0.1),
                      lambda p: torch.optim.Adam(p, 1e-4)):
        model, inputs = made(make)
        model.train()
        torch.manual_seed(1)
        first = model(*inputs)
        targets = torch.randint(0, first.shape[1 if first.dim() in (2, 4) else -1],
                                (first.shape[0],) + tuple(first.shape[2:] if first.dim() == 4 else first.shape[1:-1]))
        steps = optimizer(model.parameters())
        losses = []
        for _ in range(20):
            steps.zero_grad()
            torch.manual_seed(2)
            found = model(*inputs)
            if found.dim() == 3:
                loss = F.cross_entropy(found.flatten(0, 1), targets.flatten())
            else:
                loss = F.cross_entropy(found, targets)
            loss.backward()
            steps.step()
            losses.append(loss.item())
        if losses[-1] < losses[0]:
            break
    return losses[0], losses[-1]


def export(make, path):
    """Writes the model as in training, by the exporter that can."""
    errors = []
    for options in (dict(dynamo=True, optimize=False, external_data=False, verbose=False),
                    dict(dynamo=True, optimize=True, external_data=False, verbose=False),
                    dict(dynamo=False, do_constant_folding=False, training=torch.onnx.TrainingMode.TRAINING)):
        model, inputs = made(make)
        model.train()
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.eval()
        names = [f"x{i}" for i in range(len(inputs))] if model.names is None else model.names
        try:
            torch.onnx.export(model, inputs, path, input_names=names, **options)
            return None
        except Exception as error:
            errors.append(str(error).strip().splitlines()[-1][:100] if str(error).strip() else repr(error)[:100])
    return errors[-1]


def given(make, path):
    from safetensors.torch import save_file
    model, inputs = made(make)
    names = [f"x{i}" for i in range(len(inputs))] if model.names is None else model.names
    # Images and sound are drawn; tokens and masks go along.
    save_file({n: x.contiguous() for n, x in zip(names, inputs)}, path)


def check(evenkeel, path, inputs, *options):
    result = subprocess.run([evenkeel, "check", path, "--json", "--inputs", inputs, *options],
                            capture_output=True, text=True)
    if result.returncode == 2 or not result.stdout.strip():
        return {"verdict": "refused", "findings": [], "error": result.stderr.strip()[:200]}
    return json.loads(result.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("evenkeel")
    parser.add_argument("folder")
    parser.add_argument("--only", default="")
    parser.add_argument("--checks-only", action="store_true", help="of models that were exported before")
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    known_path = os.path.join(arguments.folder, "training.json")
    known = json.load(open(known_path)) if os.path.exists(known_path) else {}
    rows, wrong = [], 0
    for library, networks in NETWORKS.items():
        for name, make in networks.items():
            if arguments.only not in f"{library}/{name}":
                continue
            start = time.perf_counter()
            path = os.path.join(arguments.folder, f"{library}-{name}.onnx")
            inputs = path.replace(".onnx", ".safetensors")
            if not os.path.exists(path):
                if arguments.checks_only:
                    continue
                try:
                    error = export(make, path)
                    if error is None:
                        given(make, inputs)
                except Exception as failure:
                    error = repr(failure)[:150]
                if error is not None:
                    print(f"{library:13}{name:20} not exported: {error}", flush=True)
                    continue
            key = f"{library}/{name}"
            if key not in known and not arguments.checks_only:
                try:
                    known[key] = learns(make)
                except Exception as failure:
                    print(f"{library:13}{name:20} PyTorch does not train it: {failure!r}"[:200], flush=True)
                    continue
                json.dump(known, open(known_path, "w"))
            before, after = known.get(key, (float("nan"), float("nan")))
            training = check(arguments.evenkeel, path, inputs, "--training")
            inference = check(arguments.evenkeel, path, inputs)
            verdicts = [training["verdict"], inference["verdict"]]
            trains = after < before
            wrong += trains and any(v in ("failing", "refused") for v in verdicts)
            told = sorted({f"{f['severity'][0].upper()}:{f['rule']}" for d in (training, inference)
                           for f in d["findings"]})
            rows.append((library, name, trains, *verdicts))
            print(f"{library:13}{name:20} loss {before:7.3f} to {after:7.3f}  {verdicts[0]:9}{verdicts[1]:9} "
                  f"{' '.join(told)} {training.get('error', '')}{time.perf_counter() - start:6.1f} s", flush=True)
    for library in NETWORKS:
        own = [row for row in rows if row[0] == library]
        for place, purpose in ((3, "training"), (4, "inference")):
            counts = {v: sum(row[place] == v for row in own) for v in ("healthy", "warning", "failing", "refused")}
            print(f"{library}, {purpose}: {len(own)} networks, " + ", ".join(f"{n} {v}" for v, n in counts.items()))
    print(f"{sum(row[2] for row in rows)} of {len(rows)} learn in PyTorch; {wrong} of them are called failing")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
