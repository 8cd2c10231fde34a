#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
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

/// How a text is cleaned before the tokenizer's own steps. All but kAsFile repair it as ftfy 6.3
/// does by default (mojibake, HTML, curly quotes, ligatures, character width, line ends, control
/// characters, NFC), resolve HTML's character references twice, join white space and trim the ends.
enum class TextCleaning {
  kAsFile,        ///< Nothing: transformers' fast tokenizers.
  kClipOriginal,  ///< openai/CLIP: Python's lower case, CLIP's own split into words.
  kOpenClip,      ///< open_clip with CLIP's vocabulary: the same, but `<start_of_text>` and
                  ///< `<end_of_text>` are its special tokens in a text; CLIP's own are text.
  kWhitespace,    ///< open_clip with a Hugging Face tokenizer, where its model says nothing else.
  kLower,         ///< kWhitespace and Python's lower case.
  kCanonicalize,  ///< open_clip's SigLIP: kLower without ASCII's punctuation; `_` is a space.
};

/// Return the name of a way ("none", "clip_original", "open_clip", "whitespace", "lower",
/// "canonicalize"; the last three are open_clip's own words), the way of a name, and all names.
[[nodiscard]] const char* cleaning_name(TextCleaning cleaning);
[[nodiscard]] std::optional<TextCleaning> cleaning_named(std::string_view name);
[[nodiscard]] std::vector<std::string> cleaning_names();

/// How a tokenizer is read.
struct TokenizerLoadOptions {
  bool lowercase =
      false;  ///< Folds case before anything else, unless the tokenizer does it itself.
  TextCleaning cleaning = TextCleaning::kAsFile;
};

/// A vocabulary with all that turns text into its ids and back: sentencepiece models (Kudo and
/// Richardson, arXiv:1808.06226), and what Hugging Face writes as tokenizer.json, vocab.json or
/// vocab.txt (byte-level BPE, CLIP's BPE, WordPiece, Unigram), with the ids of the `tokenizers`
/// package. Encoding and decoding are const and thread-safe.
class Tokenizer {
 public:
  /// Reads a file, by its name, or a directory that holds one of them:
  /// - `tokenizer.json` (any `.json`) of at most 256 MB: all parts but `truncation` and `padding`;
  /// - `vocab.json` with `merges.txt` beside it: CLIP's, RoBERTa's or GPT-2's by its special
  /// tokens;
  /// - `vocab.txt` (any `.txt`): BERT's WordPiece;
  /// - any other, of at most 64 MB: a sentencepiece model. `tokenizer_class` in
  ///   tokenizer_config.json says how it is used: SiglipTokenizer (cleaned, eos only, padded with
  ///   eos), T5Tokenizer (eos only), XLMRobertaTokenizer (fairseq's ids), LlamaTokenizer and
  ///   GemmaTokenizer (bos only, or as `add_bos_token` and `add_eos_token` say). Without a class,
  ///   `sentencepiece.bpe.model` is XLM-R's and `spiece.model` T5's; else bos and eos stand around
  ///   the text. With `lowercase`, sentencepiece's rule nmt_nfkc_cf is applied first (it does NFKC,
  ///   too).
  /// In a directory, `tokenizer_config.json` and `special_tokens_map.json` name the special tokens,
  /// and say for the older files whether case is folded and which of bos and eos are added.
  /// Throws kMissingInput; kCheckpoint when a file is damaged, is of another kind, lacks a special
  /// token that it needs, or has a component that is not known, which is named; kData when larger.
  [[nodiscard]] static Tokenizer load(const std::filesystem::path& path, bool lowercase = false);
  [[nodiscard]] static Tokenizer load(const std::filesystem::path& path,
                                      const TokenizerLoadOptions& options);

  /// The same from a file's bytes. `where` names them in messages; one that ends in `.json` is a
  /// tokenizer.json, any other a sentencepiece model.
  [[nodiscard]] static Tokenizer parse(std::string content, const std::string& where,
                                       bool lowercase = false);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// Returns at most `context_length` ids (at least 2): the text between the special tokens that
  /// the tokenizer adds; what is too long is cut at its end, and they stay. Damaged UTF-8 becomes
  /// U+FFFD. Tandem's own sentencepiece models put bos and eos around a text that clean_caption has
  /// cleaned; text that looks like a special piece is text. Hugging Face's kinds do as their file
  /// says, where a special token in the text is that token. Throws kUsage for a shorter context,
  /// kData for a text that the vocabulary cannot express.
  [[nodiscard]] Encoding encode(std::string_view text, int64_t context_length) const;
  /// The same for many texts, on all cores.
  [[nodiscard]] std::vector<Encoding> encode_batch(const std::vector<std::string>& texts,
                                                   int64_t context_length) const;
  /// Returns the text of `ids`, special tokens left out; an unknown piece shows as ⁇ with a
  /// sentencepiece model. The text is as the vocabulary's normalisation left it. Throws kUsage for
  /// an id outside the vocabulary.
  [[nodiscard]] std::string decode(const std::vector<int32_t>& ids) const;

  /// One more than the largest id.
  [[nodiscard]] int64_t vocab_size() const;
  /// The id to fill up with. A vocabulary without a pad token is filled with eos, as transformers
  /// does for CLIP; never -1.
  [[nodiscard]] int32_t pad_id() const;
  /// What encode() puts first (`<s>`, BERT's `[CLS]`), else what the files call bos; -1 where there
  /// is none, as for T5.
  [[nodiscard]] int32_t bos_id() const;
  /// What encode() puts last (`</s>`, BERT's `[SEP]`), else what the files call eos; -1 for none.
  [[nodiscard]] int32_t eos_id() const;
  /// The id of text that the vocabulary does not know; -1 where it knows everything.
  [[nodiscard]] int32_t unk_id() const;
  /// Hash of what save() writes: two tokenizers with equal fingerprints give equal ids.
  [[nodiscard]] const std::string& fingerprint() const;
  /// The name under which a model directory keeps what save() writes: `tokenizer.model` for
  /// sentencepiece, `tokenizer.json` for all others. load() gives the same tokenizer from it.
  [[nodiscard]] std::string file_name() const;
  /// Writes the tokenizer as one file. Throws kCannotCreate and kIo.
  void save(const std::filesystem::path& file) const;

 private:
  struct Implementation;
  explicit Tokenizer(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

/// Returns the groups of texts, by number, that have the same ids when they are cut to
/// `context_length`: the model cannot tell them apart. Groups have two texts or more and are in the
/// order of their first. Throws as Tokenizer::encode.
[[nodiscard]] std::vector<std::vector<size_t>> find_equal_texts(
    const Tokenizer& tokenizer, const std::vector<std::string>& texts, int64_t context_length);

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
