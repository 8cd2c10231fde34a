// What scripts/make_golden_tokens.py, scripts/make_golden_cleaning.py and benchmarks/token_speed.py
// talk to. Reads records, a line with a number of bytes and the bytes, so that a text may hold
// anything:
//
//   tandem_token_stream TOKENIZER [--cleaning NAME] [--context-length N] [--decode]   ids, a line
//   each
//   tandem_token_stream TOKENIZER --cleaning NAME --show-cleaned   the cleaned texts, a line each
//   tandem_token_stream TOKENIZER --bench ROUNDS                   CPU seconds of each round over
//   all texts, one thread
//
// With --decode, each line is followed by the decoded text. Texts are in hexadecimal digits.

#include <ctime>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tandem/text/tokenizer.h"
#include "text/cleaning/text_cleaning.h"
#include "text/unicode/unicode.h"

namespace tandem {
namespace {

struct Arguments {
  std::string tokenizer;
  TokenizerLoadOptions options;
  int64_t context_length = int64_t{1} << 30;
  bool decode = false;
  bool show_cleaned = false;
  int rounds = 0;
};

Arguments read_arguments(const std::vector<std::string>& words) {
  Arguments arguments;
  arguments.tokenizer = words.at(1);
  for (size_t index = 2; index < words.size(); ++index) {
    const std::string& word = words[index];
    if (word == "--cleaning")
      arguments.options.cleaning = cleaning_named(words.at(++index)).value();
    if (word == "--decode") arguments.decode = true;
    if (word == "--show-cleaned") arguments.show_cleaned = true;
    if (word == "--context-length") arguments.context_length = std::stoll(words.at(++index));
    if (word == "--bench") arguments.rounds = std::stoi(words.at(++index));
  }
  return arguments;
}

std::vector<std::string> read_records() {
  std::vector<std::string> records;
  for (std::string size; std::getline(std::cin, size);) {
    std::string record(std::stoul(size), '\0');
    std::cin.read(record.data(), static_cast<std::streamsize>(record.size()));
    records.push_back(std::move(record));
  }
  return records;
}

void print_text(std::string_view text) {
  for (const char c : text) std::cout << fmt::format("{:02x}", static_cast<uint8_t>(c));
  std::cout << '\n';
}

void show_cleaned(TextCleaning cleaning) {
  for (const std::string& text : read_records())
    print_text(clean_text(replace_damage(text), cleaning));
}

void encode(const Tokenizer& tokenizer, const Arguments& arguments) {
  for (const std::string& text : read_records()) {
    const Encoding encoding = tokenizer.encode(text, arguments.context_length);
    std::cout << fmt::format("{}\n", fmt::join(encoding.ids, " "));
    if (arguments.decode) print_text(tokenizer.decode(encoding.ids));
  }
}

void bench(const Tokenizer& tokenizer, const Arguments& arguments) {
  const std::vector<std::string> texts = read_records();
  for (int round = 0; round < arguments.rounds; ++round) {
    const std::clock_t begin = std::clock();
    size_t ids = 0;
    for (const std::string& text : texts)
      ids += tokenizer.encode(text, arguments.context_length).ids.size();
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    std::cout << fmt::format("{:.6f} {}\n", seconds, ids);
  }
}

int run(const std::vector<std::string>& words) {
  const Arguments arguments = read_arguments(words);
  if (arguments.show_cleaned) {
    show_cleaned(arguments.options.cleaning);
    return 0;
  }
  const Tokenizer tokenizer = Tokenizer::load(arguments.tokenizer, arguments.options);
  if (arguments.rounds > 0) {
    bench(tokenizer, arguments);
  } else {
    encode(tokenizer, arguments);
  }
  return 0;
}

}  // namespace
}  // namespace tandem

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  try {
    return tandem::run({argv, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
