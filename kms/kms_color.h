/* Words about colour and blending that state, checks and composition share. */
#ifndef KMS_COLOR_H
#define KMS_COLOR_H

/* Values of the planes' enum properties, as in the kernel. */
enum kms_blend { KMS_BLEND_PREMULTI, KMS_BLEND_COVERAGE, KMS_BLEND_NONE };
enum kms_color_encoding { KMS_BT601, KMS_BT709, KMS_BT2020 };
enum kms_color_range { KMS_RANGE_LIMITED, KMS_RANGE_FULL };

#endif
