/// The model of the tests of towers and slices.
#pragma once

#include "tandem/model/clip_model.h"

namespace tandem::test {

/// Two towers of two layers and width 16: texts of up to 16 of 50 tokens, images of 16 x 16 pixels.
inline ModelOptions small_options() {
  ModelOptions options;
  options.embed_dim = 12;
  options.text = {.vocab_size = 50, .context_length = 16, .width = 16, .layers = 2, .heads = 2};
  options.image = {.image_size = 16, .patch_size = 8, .width = 16, .layers = 2, .heads = 2};
  return options;
}

}  // namespace tandem::test
