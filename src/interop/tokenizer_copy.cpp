#include <array>

#include "tandem/core/files.h"
#include "tandem/interop/convert.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 10> kTokenizerFiles = {"tokenizer.json",
                                                         "tokenizer.model",
                                                         "tokenizer_config.json",
                                                         "special_tokens_map.json",
                                                         "added_tokens.json",
                                                         "vocab.json",
                                                         "merges.txt",
                                                         "vocab.txt",
                                                         "sentencepiece.bpe.model",
                                                         "spiece.model"};

}  // namespace

std::vector<std::string> copy_tokenizer_files(const fs::path& from, const fs::path& to) {
  std::vector<std::string> copied;
  for (const char* name : kTokenizerFiles) {
    if (!fs::is_regular_file(from / name)) continue;
    write_file_atomically(to / name, read_file(from / name));
    copied.emplace_back(name);
  }
  return copied;
}

}  // namespace tandem
