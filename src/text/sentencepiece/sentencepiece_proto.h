#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tandem {

/// What a sentencepiece model file says, as sentencepiece_model.proto numbers its fields.
struct SentencePieceFile {
  enum class Kind {
    kNormal = 1,
    kUnknown = 2,
    kControl = 3,
    kUserDefined = 4,
    kUnused = 5,
    kByte = 6
  };
  struct Piece {
    std::string text;
    float score = 0.0F;
    Kind kind = Kind::kNormal;
  };
  std::vector<Piece> pieces;
  bool is_bpe = false;
  bool byte_fallback = false;
  bool space_is_suffix = false;  ///< treat_whitespace_as_suffix
  std::string chars_map;         ///< The compiled normalizer; empty for none.
  bool add_dummy_prefix = true;
  bool remove_extra_spaces = true;
};

/// Reads the fields above from a protocol buffer. Throws kCheckpoint, naming `where`, when it is
/// damaged or its model is neither unigram nor bpe.
[[nodiscard]] SentencePieceFile read_sentencepiece_file(std::string_view bytes,
                                                        const std::string& where);

}  // namespace tandem
