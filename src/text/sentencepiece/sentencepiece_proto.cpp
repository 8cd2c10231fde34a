#include "text/sentencepiece/sentencepiece_proto.h"

#include <cstring>

#include "tandem/core/error.h"

namespace tandem {
namespace {

[[noreturn]] void reject(const std::string& where, const std::string& found) {
  throw Error(ErrorKind::kCheckpoint,
              {.what = "the sentencepiece model cannot be read", .where = where, .found = found});
}

/// One field of a message: a number, or bytes.
struct ProtoField {
  uint64_t number = 0;
  uint64_t value = 0;           ///< Of a variable or fixed number, as its bits.
  std::string_view bytes = {};  ///< Of a string or a message.
};

/// Walks over the fields of a message. Developers' guide, "Encoding", of Protocol Buffers.
class ProtoReader {
 public:
  ProtoReader(std::string_view bytes, const std::string& where) : rest_(bytes), where_(where) {}

  bool next(ProtoField& field) {
    if (rest_.empty()) return false;
    const uint64_t tag = variable();
    field = {.number = tag >> 3};
    switch (tag & 7) {
      case 0: field.value = variable(); break;
      case 1: field.value = fixed(8); break;
      case 2: field.bytes = take(variable()); break;
      case 5: field.value = fixed(4); break;
      default: reject(where_, "a field of an unknown kind");
    }
    return true;
  }

 private:
  uint64_t variable() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<uint8_t>(take(1)[0]);
      value |= uint64_t{byte & 0x7FU} << shift;
      if ((byte & 0x80) == 0) return value;
    }
    reject(where_, "an unterminated number");
  }

  uint64_t fixed(size_t size) {
    uint64_t value = 0;
    std::memcpy(&value, take(size).data(), size);
    return value;
  }

  std::string_view take(uint64_t size) {
    if (size > rest_.size()) reject(where_, "a truncated field");
    const std::string_view part = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return part;
  }

  std::string_view rest_;
  const std::string& where_;
};

SentencePieceFile::Piece read_piece(std::string_view bytes, const std::string& where) {
  SentencePieceFile::Piece piece;
  ProtoReader reader(bytes, where);
  for (ProtoField field; reader.next(field);) {
    if (field.number == 1) piece.text = std::string(field.bytes);
    if (field.number == 2) {
      const auto bits = static_cast<uint32_t>(field.value);
      std::memcpy(&piece.score, &bits, sizeof(bits));
    }
    if (field.number != 3) continue;
    if (field.value < 1 || field.value > 6) reject(where, "a piece of an unknown kind");
    piece.kind = static_cast<SentencePieceFile::Kind>(field.value);
  }
  return piece;
}

void read_trainer(std::string_view bytes, SentencePieceFile& file, const std::string& where) {
  constexpr uint64_t kUnigram = 1, kBpe = 2;
  ProtoReader reader(bytes, where);
  for (ProtoField field; reader.next(field);) {
    if (field.number == 3) {
      file.is_bpe = field.value == kBpe;
      if (field.value != kUnigram && field.value != kBpe)
        reject(where, "a model that is neither unigram nor bpe");
    }
    if (field.number == 24) file.space_is_suffix = field.value != 0;
    if (field.number == 35) file.byte_fallback = field.value != 0;
  }
}

void read_normalizer_spec(std::string_view bytes, SentencePieceFile& file,
                          const std::string& where) {
  ProtoReader reader(bytes, where);
  for (ProtoField field; reader.next(field);) {
    if (field.number == 2) file.chars_map = std::string(field.bytes);
    if (field.number == 3) file.add_dummy_prefix = field.value != 0;
    if (field.number == 4) file.remove_extra_spaces = field.value != 0;
  }
}

}  // namespace

SentencePieceFile read_sentencepiece_file(std::string_view bytes, const std::string& where) {
  SentencePieceFile file;
  ProtoReader reader(bytes, where);
  for (ProtoField field; reader.next(field);) {
    if (field.number == 1) file.pieces.push_back(read_piece(field.bytes, where));
    if (field.number == 2) read_trainer(field.bytes, file, where);
    if (field.number == 3) read_normalizer_spec(field.bytes, file, where);
  }
  return file;
}

}  // namespace tandem
