"""Architectures of torchvision, transformers and timm with random weights, as their users export them (torch.onnx): name -> maker of (module, inputs, how).

`inputs()` makes one sample's tensors; `warm` runs batches through first, so that batch normalisations have statistics; `pick` takes what is proven from
what the module returns.
"""
import dataclasses

import torch
import torchvision.models as vision


def everything(y):
    return y


@dataclasses.dataclass
class Architecture:
    module: torch.nn.Module
    inputs: object
    warm: bool = False
    pick: object = everything


def image(size, channels=3):
    """Smooth noise: neighbouring pixels resemble each other."""
    def make():
        coarse = torch.randn(1, channels, size // 8, size // 8)
        return [torch.nn.functional.interpolate(coarse, size=(size, size), mode="bilinear") + 0.2 * torch.randn(1, channels, size, size)]
    return make


def tokens(length=16, vocabulary=500):
    return lambda: [torch.randint(0, vocabulary, (1, length))]


def seen(module, size=64, **how):
    return Architecture(module, image(size), warm=True, **how)


def language(model, config, **settings):
    """A class of transformers by name."""
    def make():
        import transformers
        module = getattr(transformers, model)(getattr(transformers, config)(**settings))
        module.config.return_dict = False
        module.config.use_cache = False
        return Architecture(module, tokens(), pick=lambda y: y[0])
    return make


def sight(model, config, size, warm=False, **settings):
    def make():
        made = language(model, config, **settings)()
        return dataclasses.replace(made, inputs=image(size), warm=warm)
    return make


def timm(name):
    def make():
        import timm as library
        return seen(library.create_model(name, num_classes=10))
    return make


BERT = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128, "vocab_size": 500, "max_position_embeddings": 64}
GPT = {"n_embd": 64, "n_layer": 2, "n_head": 4, "vocab_size": 500, "n_positions": 64}
VIT = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128, "image_size": 32, "patch_size": 8}
SEGFORMER = {"num_encoder_blocks": 2, "depths": [1, 1], "sr_ratios": [2, 1], "hidden_sizes": [16, 32], "patch_sizes": [7, 3], "strides": [4, 2],
             "num_attention_heads": [1, 2], "mlp_ratios": [2, 2], "decoder_hidden_size": 32}
POOLFORMER = {"depths": [1, 1], "hidden_sizes": [16, 32], "patch_sizes": [7, 3], "strides": [4, 2], "padding": [2, 1], "num_encoder_blocks": 2}
WAV2VEC = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128, "conv_dim": (32, 32, 32), "conv_stride": (5, 2, 2),
           "conv_kernel": (10, 3, 3), "num_feat_extract_layers": 3, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4}


def convnext():
    blocks = [vision.convnext.CNBlockConfig(32, 64, 2), vision.convnext.CNBlockConfig(64, None, 2)]
    return Architecture(vision.ConvNeXt(blocks, num_classes=10), image(32))


def swin():
    return Architecture(vision.SwinTransformer([4, 4], 32, [2, 2], [2, 4], [4, 4], num_classes=10), image(32))


ARCHITECTURES = {
    "squeezenet": lambda: seen(vision.squeezenet1_1(num_classes=10)),
    "shufflenet": lambda: seen(vision.shufflenet_v2_x0_5(num_classes=10)),
    "mobilenet-v3": lambda: seen(vision.mobilenet_v3_small(num_classes=10)),
    "efficientnet-b0": lambda: seen(vision.efficientnet_b0(num_classes=10)),
    "regnet": lambda: seen(vision.regnet_y_400mf(num_classes=10)),
    "mnasnet": lambda: seen(vision.mnasnet0_5(num_classes=10)),
    "googlenet": lambda: seen(vision.googlenet(num_classes=10, aux_logits=False, init_weights=False)),
    "densenet": lambda: seen(vision.DenseNet(8, (3, 3, 3), 16, num_classes=10), 32),
    "lraspp": lambda: seen(vision.segmentation.lraspp_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=3), pick=lambda y: y["out"]),
    "convnext": convnext,
    "swin": swin,
    "bert": language("BertForSequenceClassification", "BertConfig", **BERT),
    "roberta": language("RobertaModel", "RobertaConfig", **BERT),
    "albert": language("AlbertModel", "AlbertConfig", **BERT, embedding_size=32),
    "electra": language("ElectraModel", "ElectraConfig", **BERT, embedding_size=32),
    "mpnet": language("MPNetModel", "MPNetConfig", **BERT),
    "convbert": language("ConvBertModel", "ConvBertConfig", **BERT, embedding_size=64),
    "deberta-v2": language("DebertaV2Model", "DebertaV2Config", **BERT, relative_attention=True, pos_att_type=["p2c", "c2p"], max_relative_positions=16,
                           position_biased_input=False),
    "distilbert": language("DistilBertModel", "DistilBertConfig", dim=64, n_layers=2, n_heads=4, hidden_dim=128, vocab_size=500, max_position_embeddings=64),
    "xlnet": language("XLNetModel", "XLNetConfig", vocab_size=500, d_model=64, n_layer=2, n_head=4, d_inner=128),
    "t5-encoder": language("T5EncoderModel", "T5Config", d_model=64, d_kv=16, d_ff=128, num_layers=2, num_heads=4, vocab_size=500),
    "gpt2": language("GPT2LMHeadModel", "GPT2Config", **GPT),
    "gpt-j": language("GPTJForCausalLM", "GPTJConfig", **GPT, rotary_dim=8),
    "gpt-neox": language("GPTNeoXForCausalLM", "GPTNeoXConfig", **BERT),
    "llama": language("LlamaForCausalLM", "LlamaConfig", **BERT),
    "opt": language("OPTForCausalLM", "OPTConfig", hidden_size=64, num_hidden_layers=2, num_attention_heads=4, ffn_dim=128, vocab_size=500,
                    max_position_embeddings=64, word_embed_proj_dim=64),
    "bloom": language("BloomForCausalLM", "BloomConfig", hidden_size=64, n_layer=2, n_head=4, vocab_size=500),
    "vit": sight("ViTForImageClassification", "ViTConfig", 32, **VIT),
    "segformer": sight("SegformerForSemanticSegmentation", "SegformerConfig", 32, **SEGFORMER),
    "poolformer": sight("PoolFormerForImageClassification", "PoolFormerConfig", 32, **POOLFORMER),
    "mobilevit": sight("MobileViTForImageClassification", "MobileViTConfig", 64, True, image_size=64, hidden_sizes=[32, 48, 64],
                       neck_hidden_sizes=[8, 16, 24, 32, 48, 64, 96]),
    "wav2vec2": lambda: dataclasses.replace(language("Wav2Vec2Model", "Wav2Vec2Config", **WAV2VEC)(), inputs=lambda: [torch.randn(1, 800)]),
} | {name.replace("_", "-"): timm(name) for name in (
    "ghostnet_050", "lcnet_050", "hardcorenas_a", "tinynet_e", "rexnet_100", "edgenext_xx_small", "fastvit_t8", "mobilevitv2_050", "semnasnet_050",
    "tf_efficientnet_lite0", "dla46_c", "repvgg_a0", "nf_regnet_b0", "eca_resnet33ts")}
