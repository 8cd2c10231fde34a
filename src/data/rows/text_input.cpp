#include "data/rows/text_input.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "data/files/access_problem.h"
#include "io/files/foreign_content.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 18;

[[noreturn]] void refuse(const std::string& name, const char* expected, const ErrorText& text) {
  throw Error(ErrorKind::kData, {.what = text.what,
                                 .where = name,
                                 .expected = expected,
                                 .found = text.found,
                                 .hint = text.hint});
}

/// Returns `name` if it can be opened as a manifest.
const std::string& checked(const std::string& name) {
  struct stat info {};
  if (::stat(name.c_str(), &info) != 0 || ::access(name.c_str(), R_OK) != 0) {
    const int code = errno;
    throw Error(ErrorKind::kMissingInput, {.what = "cannot open the manifest",
                                           .where = name,
                                           .found = access_problem(name, code),
                                           .hint = code == ENOENT ? relative_path_hint(name) : ""});
  }
  if (!S_ISDIR(info.st_mode)) return name;
  throw Error(ErrorKind::kMissingInput, {.what = "the manifest is a folder",
                                         .where = name,
                                         .hint = "name a file, or set kind to \"folder\""});
}

}  // namespace

TextInput::TextInput(const std::filesystem::path& path)
    : name_(path.string()), file_(checked(name_)), opened_(file_.stamp()), buffer_(kBufferBytes) {
  refill();
  if (Gunzip::recognizes({buffer_.data(), end_})) {
    gunzip_ = std::make_unique<Gunzip>();
    packed_.swap(buffer_);
    packed_end_ = end_;
    buffer_.resize(kBufferBytes);
    next_ = end_ = 0;
    refill();
  }
  check_head();
}

void TextInput::check_head() {
  const std::string_view head(buffer_.data(), end_);
  if (head.starts_with("\xEF\xBB\xBF")) next_ = 3;
  if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF"))
    refuse(name_, "UTF-8",
           {.what = "wrong encoding", .found = "UTF-16", .hint = "save it as UTF-8"});
  const auto foreign = recognize_foreign_content(head.substr(0, 512));
  if (!foreign) return;
  refuse(name_, "text",
         {.what = "the manifest has the wrong format",
          .found = std::string(foreign->name),
          .hint = std::string(foreign->hint)});
}

bool TextInput::refill() {
  if (gunzip_) return inflate();
  next_ = 0;
  end_ = read_file(buffer_);
  return end_ > 0;
}

bool TextInput::inflate() {
  next_ = end_ = 0;
  while (end_ == 0) {
    if (packed_next_ == packed_end_) {
      packed_next_ = 0;
      packed_end_ = read_file(packed_);
    }
    if (packed_end_ == 0) {
      if (gunzip_->complete()) return false;
      refuse(name_, "", {.what = "the gzip data are truncated", .hint = "fetch the file again"});
    }
    const std::string_view packed(packed_.data() + packed_next_, packed_end_ - packed_next_);
    try {
      const Gunzip::Progress progress = gunzip_->inflate(packed, buffer_.data(), buffer_.size());
      packed_next_ += progress.taken;
      end_ = progress.given;
    } catch (const Error& error) {
      refuse(name_, "", {.what = error.text().what, .hint = "fetch the file again"});
    }
  }
  return true;
}

/// Returns the bytes read, 0 at the end.
size_t TextInput::read_file(std::vector<char>& into) {
  const size_t bytes = std::min<uint64_t>(into.size(), opened_.size - offset_);
  if (bytes == 0 || file_.stamp().size < opened_.size) check_unchanged();
  file_.read(offset_, into.data(), bytes);
  offset_ += bytes;
  return bytes;
}

void TextInput::check_unchanged() const {
  if (file_.stamp() == opened_) return;
  refuse(name_, "",
         {.what = "the manifest changed while it was read",
          .hint = "start again once it is complete"});
}

}  // namespace tandem
