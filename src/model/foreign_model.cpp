#include "tandem/model/foreign_model.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "tandem/core/error.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxConfigBytes = uint64_t{16} << 20;
constexpr std::array<std::string_view, 4> kPickleEndings = {".bin", ".pt", ".pth", ".ckpt"};

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool has_pickle_ending(const fs::path& file) {
  const std::string ending = file.extension().string();
  return std::ranges::find(kPickleEndings, ending) != kPickleEndings.end();
}

// Configurations of transformers name their family; ours have no such field at the top.
bool is_hugging_face_config(const fs::path& file) {
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored) || fs::file_size(file, ignored) > kMaxConfigBytes)
    return false;
  const std::string text = read_file(file, kMaxConfigBytes);
  return text.find("\"model_type\"") != std::string::npos ||
         text.find("\"transformers_version\"") != std::string::npos;
}

std::optional<std::string> format_of(const fs::path& directory) {
  const bool hugging_face = is_hugging_face_config(directory / "config.json");
  // Directories that serve both libraries hold the weights of one or of each.
  const bool open_clip = is_there(directory / "open_clip_config.json") &&
                         (!hugging_face || is_there(directory / "open_clip_model.safetensors") ||
                          is_there(directory / "open_clip_pytorch_model.bin"));
  if (open_clip) return "open_clip";
  if (hugging_face) return "hf";
  return std::nullopt;
}

std::optional<ForeignModel> recognize_file(const fs::path& file) {
  const bool pickled = has_pickle_ending(file);
  if (!pickled && file.extension() != ".safetensors") return std::nullopt;
  const auto format = format_of(file.parent_path());
  if (format) return ForeignModel{.format = *format, .pickled = pickled};
  if (!pickled) return std::nullopt;
  return ForeignModel{.format = "open_clip", .pickled = true, .has_config = false};
}

bool only_pickles(const fs::path& directory) {
  std::error_code error;
  bool pickled = false;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().filename().string().find(".safetensors") != std::string::npos) return false;
    pickled = pickled || has_pickle_ending(entry->path());
  }
  return pickled;
}

// One word of a POSIX shell.
std::string shell_word(const std::string& text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-+=:,@";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char letter : text)
    quoted += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  return quoted + "'";
}

}  // namespace

std::optional<ForeignModel> recognize_foreign_model(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_regular_file(path, ignored)) return recognize_file(path);
  if (!fs::is_directory(path, ignored)) return std::nullopt;
  const auto format = format_of(path);
  if (!format) return std::nullopt;
  return ForeignModel{.format = *format, .pickled = only_pickles(path)};
}

std::string convert_command(const fs::path& path, const ForeignModel& foreign) {
  fs::path plain = path.lexically_normal();
  if (!plain.has_filename()) plain = plain.parent_path();
  fs::path output = plain;
  std::error_code ignored;
  if (fs::is_regular_file(plain, ignored)) output.replace_extension();
  output += "-tandem";
  return fmt::format("clip-convert --from {} --input {} --output {}{}{}", foreign.format,
                     shell_word(plain.string()), shell_word(output.string()),
                     foreign.pickled ? " --allow-pickle" : "",
                     foreign.has_config ? "" : " --model-name NAME");
}

void refuse_foreign_model(const fs::path& path) {
  const auto foreign = recognize_foreign_model(path);
  if (!foreign) return;
  throw Error(
      ErrorKind::kMissingInput,
      {.what = fmt::format("this is a model of {}, not of Tandem",
                           foreign->format == "hf" ? "Hugging Face" : "open_clip or PyTorch"),
       .where = path.string(),
       .hint = convert_command(path, *foreign)});
}

}  // namespace tandem
