#include "tandem/data/picture_walk.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "data/files/access_problem.h"
#include "data/files/picture_root.h"
#include "tandem/core/error.h"
#include "tandem/core/log.h"
#include "tandem/image/sniff.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

constexpr size_t kNamedExtensions = 5;

std::string extension_of(const std::string& name) {
  std::string extension = fs::path(name).extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension;
}

std::string stem_of(const std::string& name) { return fs::path(name).stem().string(); }

/// What a name in a folder leads to.
struct Entry {
  std::string name = {};
  fs::file_type type = fs::file_type::none;  ///< Of the entry itself: links are links.
  friend bool operator<(const Entry& a, const Entry& b) { return a.name < b.name; }
};

std::vector<Entry> list(const fs::path& folder, std::error_code& error) {
  std::vector<Entry> entries;
  for (fs::directory_iterator each(folder, error); !error && each != fs::directory_iterator();
       each.increment(error)) {
    std::error_code unknown;
    entries.push_back({each->path().filename().string(), each->symlink_status(unknown).type()});
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

/// One walk over a tree.
class Walk {
 public:
  Walk(const fs::path& root, const PictureWalkOptions& options, const PictureTaker& taker)
      : root_(root, options.allow_outside_root), options_(options), taker_(taker) {}

  LeftOut run() {
    visit("", 0);
    return std::move(left_out_);
  }

 private:
  void visit(const std::string& folder, int depth) {
    std::error_code error;
    const std::vector<Entry> entries = list(root_.folder() / folder, error);
    if (error) return refuse_or_note(root_.folder() / folder, depth, error);
    std::vector<Entry> kept;  // images and folders
    std::vector<std::string> others;
    std::set<std::string> stems;  // of images
    for (const Entry& entry : entries) {
      if (entry.name.starts_with('.')) {
        ++left_out_.hidden;
        continue;
      }
      const std::string path = join(folder, entry.name);
      const fs::file_type type = followed(path, entry.type, depth);
      if (type == fs::file_type::directory) kept.push_back({entry.name, type});
      if (type != fs::file_type::regular) continue;
      if (is_picture(path)) {
        kept.push_back({entry.name, type});
        stems.insert(stem_of(entry.name));
      } else {
        others.push_back(entry.name);
      }
    }
    const std::set<std::string> texts = sort_out(others, stems);
    for (const Entry& entry : kept) {
      const std::string path = join(folder, entry.name);
      if (entry.type == fs::file_type::directory)
        enter(path, depth);
      else
        take({.path = path, .has_text = texts.count(stem_of(entry.name)) > 0}, depth);
    }
  }

  static std::string join(const std::string& folder, const std::string& name) {
    return folder.empty() ? name : folder + "/" + name;
  }

  /// What an entry is once its link is followed: a folder, a regular file, or nothing to look at,
  /// which is counted.
  fs::file_type followed(const std::string& path, fs::file_type type, int depth) {
    if (type == fs::file_type::directory || type == fs::file_type::regular) return type;
    std::error_code error;
    const fs::path real = fs::canonical(root_.folder() / path, error);
    if (type == fs::file_type::symlink && !error) {
      const bool inside = root_.contains(real);
      if (!inside && !options_.allow_outside_root) {
        ++left_out_.links_out;
        return fs::file_type::none;
      }
      type = fs::status(real, error).type();
      if (type == fs::file_type::regular) return type;
      if (type == fs::file_type::directory) {
        const bool is_class = options_.by_class && depth == 0;
        if (is_class || (!inside && visited_.insert(real.string()).second)) return type;
        ++left_out_.links_in;
        return fs::file_type::none;
      }
    }
    ++left_out_.not_regular;
    return fs::file_type::none;
  }

  [[nodiscard]] bool is_picture(const std::string& path) const {
    const std::string extension = extension_of(path);
    if (has_picture_extension(path)) return true;
    return extension != ".txt" && extension != ".json" &&
           sniff_file(root_.folder() / path).format != ImageFormat::kUnknown;
  }

  /// Counts files that are no images, and returns the stems of the .txt among them that belong to
  /// the images called `stems`.
  std::set<std::string> sort_out(const std::vector<std::string>& files,
                                 const std::set<std::string>& stems) {
    std::set<std::string> texts;
    for (const std::string& name : files) {
      const std::string extension = extension_of(name);
      const bool beside = stems.count(stem_of(name)) > 0;
      if (beside && name.ends_with(".txt")) {
        texts.insert(stem_of(name));
        if (!options_.take_texts) ++left_out_.texts;
      } else if (!(beside && options_.take_texts && extension == ".json")) {
        ++left_out_.extensions[extension];
      }
    }
    return texts;
  }

  void enter(const std::string& path, int depth) {
    if (options_.by_class && depth > 0) {
      ++left_out_.nested;
      return;
    }
    if (options_.by_class) taker_.begin_class(path);
    visit(path, depth + 1);
  }

  void take(FoundPicture picture, int depth) {
    if (options_.by_class && depth == 0)
      ++left_out_.stray;
    else
      taker_.take(std::move(picture));
  }

  void refuse_or_note(const fs::path& folder, int depth, const std::error_code& error) {
    if (depth > 0 && !options_.by_class) {
      left_out_.unlisted.push_back(folder.string());
      return;
    }
    throw Error(ErrorKind::kMissingInput,
                {.what = "cannot list the folder",
                 .where = folder.string(),
                 .found = access_problem(folder.string(), error.value())});
  }

  PictureRoot root_;
  const PictureWalkOptions& options_;
  const PictureTaker& taker_;
  LeftOut left_out_;
  std::set<std::string> visited_;  ///< Folders outside of the root that a link has led to.
};

std::string describe_extensions(const std::map<std::string, int64_t>& extensions) {
  std::vector<std::pair<int64_t, std::string>> counts;
  int64_t sum = 0;
  for (const auto& [extension, count] : extensions) {
    counts.emplace_back(-count, extension.empty() ? "no extension" : extension);
    sum += count;
  }
  std::sort(counts.begin(), counts.end());
  std::string names;
  for (size_t i = 0; i < std::min(counts.size(), kNamedExtensions); ++i)
    names += fmt::format("{}{} {}", i == 0 ? "" : ", ", -counts[i].first, counts[i].second);
  if (counts.size() > kNamedExtensions) names += ", …";
  return fmt::format("{} that are not images ({})", sum, names);
}

}  // namespace

std::string LeftOut::describe() const {
  std::vector<std::string> parts;
  const auto add = [&parts](int64_t count, const char* what) {
    if (count > 0) parts.push_back(fmt::format("{} {}", count, what));
  };
  add(texts, ".txt beside images (kind files reads them as captions)");
  if (!extensions.empty()) parts.push_back(describe_extensions(extensions));
  add(hidden, "hidden");
  add(links_out, "links that lead out (allow_outside_root follows them)");
  add(links_in, "links to folders that are read at their own path");
  add(not_regular, "pipes, sockets or broken links");
  add(nested, "folders nested in a class folder");
  add(stray, "images outside a class folder");
  if (!unlisted.empty())
    parts.push_back(
        fmt::format("{} folders that cannot be listed ({})", unlisted.size(), unlisted[0]));
  return fmt::format("{}", fmt::join(parts, ", "));
}

LeftOut walk_pictures(const fs::path& root, const PictureWalkOptions& options,
                      const PictureTaker& taker) {
  return Walk(root, options, taker).run();
}

void tell_left_out(const std::string& root, const LeftOut& left_out) {
  LeftOut visible = left_out;
  visible.hidden = 0;
  if (visible.describe().empty()) return;
  log_warn(fmt::format("{}: left out: {}.", root, left_out.describe()));
}

}  // namespace tandem
