"""Networks: the report's ResNet family, pretrained backbones, and the heads that stand on either."""
