#pragma once

#include <string>
#include <vector>

#include "tandem/text/tokenizer.h"

namespace tandem {

/// 8 × 8 × 4 captions of coloured shapes: few words, many times, as small real collections are.
inline std::vector<std::string> shape_captions() {
  std::vector<std::string> captions;
  for (const char* colour :
       {"red", "green", "blue", "yellow", "orange", "purple", "black", "white"})
    for (const char* shape :
         {"circle", "square", "triangle", "star", "cross", "diamond", "ring", "heart"})
      for (const char* place : {"on the left", "in the middle", "at the top", "near the corner"})
        captions.push_back(std::string("a ") + colour + " " + shape + " " + place);
  return captions;
}

inline TokenizerOptions training(int64_t vocab_size,
                                 TokenizerModel model = TokenizerModel::kUnigram) {
  return {.file = {}, .train_vocab_size = vocab_size, .train_model = model};
}

}  // namespace tandem
