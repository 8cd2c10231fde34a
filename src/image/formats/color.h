#pragma once

#include "tandem/image/image.h"

namespace tandem {

/// Changes of colour in place, equal value for value to Pillow's ImageEnhance and to torchvision's
/// functions on a Pillow image. A factor of 1 (a shift of 0) changes nothing.
void adjust_brightness(Image& image, double factor);
void adjust_contrast(Image& image, double factor);
void adjust_saturation(Image& image, double factor);

/// Turns the hue circle by `shift`, in [-0.5, 0.5], through Pillow's 8-bit HSV.
void adjust_hue(Image& image, double shift);

/// ITU-R 601-2 luma on all three channels.
void turn_gray(Image& image);

}  // namespace tandem
