#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/config/data_options.h"

namespace tandem {

/// The ids of one text.
struct Encoding {
  std::vector<int32_t> ids = {};  ///< bos, the text's pieces, eos.
  bool truncated = false;         ///< Whether pieces were cut to fit; eos stays.
  int32_t unknown = 0;            ///< Pieces that the vocabulary does not know.
};

/// A sentencepiece vocabulary (Kudo and Richardson, arXiv:1808.06226). Encoding and decoding are
/// const and thread-safe.
class Tokenizer {
 public:
  /// Reads a sentencepiece `.model` of at most 64 MB. `lowercase` folds case (and applies NFKC, as
  /// sentencepiece's rule nmt_nfkc_cf does) before the model sees a text, unless the model folds by
  /// itself. Throws kMissingInput; kCheckpoint when it is damaged, is no such file, or lacks a bos,
  /// pad, eos or unk piece; kData when it is larger.
  [[nodiscard]] static Tokenizer load(const std::filesystem::path& file, bool lowercase = false);

  /// The same from the file's bytes; `where` names them in messages.
  [[nodiscard]] static Tokenizer parse(std::string model, const std::string& where,
                                       bool lowercase = false);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// Returns bos + pieces + eos, at most `context_length` ids (at least 2). The text is cleaned
  /// first by clean_caption; an empty one is bos + eos. Text that looks like a special piece is
  /// text. Throws kUsage for a shorter context.
  [[nodiscard]] Encoding encode(std::string_view text, int64_t context_length) const;
  /// Returns the text of `ids`, special tokens left out; an unknown piece shows as ⁇. The text is
  /// as the vocabulary's normalisation left it. Throws kUsage for an id outside the vocabulary.
  [[nodiscard]] std::string decode(const std::vector<int32_t>& ids) const;

  [[nodiscard]] int64_t vocab_size() const;
  [[nodiscard]] int32_t pad_id() const;
  [[nodiscard]] int32_t bos_id() const;
  [[nodiscard]] int32_t eos_id() const;
  [[nodiscard]] int32_t unk_id() const;
  /// Hash of the vocabulary file's bytes: two tokenizers with equal fingerprints give equal ids.
  [[nodiscard]] const std::string& fingerprint() const;
  /// Writes the `.model` file. Throws kCannotCreate and kIo.
  void save(const std::filesystem::path& file) const;

 private:
  struct Implementation;
  explicit Tokenizer(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

/// Trains a sentencepiece model on `captions`, cleaned by clean_caption, and returns it; ids are
/// fixed: bos 0, pad 1, eos 2, unk 3. Texts are normalised by NFKC, and case is folded with
/// `options.lowercase`; both are part of the model from then on. The same captions in the same
/// order give the same model. When the captions hold fewer distinct pieces than
/// `options.train_vocab_size`, the vocabulary is as large as they allow; of more than 32 MB of
/// captions a fixed sample of that size is used; a message says so each time. Throws kData when
/// there is no usable caption, kConfig when the size cannot hold the characters or an option is out
/// of range.
[[nodiscard]] Tokenizer train_tokenizer(const std::vector<std::string>& captions,
                                        const TokenizerOptions& options);

/// Returns `text` as valid UTF-8: bad sequences and NUL become U+FFFD, a byte order mark and
/// control characters go, any run of white space becomes one space, ends are trimmed, and at most
/// `max_bytes` are kept, cut between characters.
[[nodiscard]] std::string clean_caption(std::string_view text, size_t max_bytes = 4096);

}  // namespace tandem
