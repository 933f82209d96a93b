"""Networks: the thesis' ResNet family, pretrained backbones, and the heads that stand on either."""
