#include "interop/names/name_map.h"

#include <algorithm>
#include <set>

#include <ATen/ops/cat.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tandem/core/error.h"

namespace tandem {
namespace {

constexpr std::string_view kBlock = "{}";
constexpr std::string_view kPlus = " + ";

std::string_view transform_name(Transform transform) {
  switch (transform) {
    case Transform::kAsIs: return "as is";
    case Transform::kTranspose: return "transpose";
    case Transform::kPatches: return "flatten patches";
    case Transform::kLeadingAxis: return "drop [1]";
    case Transform::kTwoLeadingAxes: return "drop [1, 1]";
    case Transform::kScalar: return "scalar";
  }
  TORCH_CHECK(false, "unknown transform");
}

std::string shape_text(const torch::Tensor& tensor) {
  return fmt::format("[{}]", fmt::join(tensor.sizes().vec(), ", "));
}

// The names of one side of a row, `block` in place of {}.
std::vector<std::string> names_of(const std::string& prefix, std::string_view pattern,
                                  int64_t block) {
  std::vector<std::string> names;
  while (true) {
    const size_t end = pattern.find(kPlus);
    std::string name = prefix + std::string(pattern.substr(0, end));
    if (const size_t at = name.find(kBlock); at != std::string::npos)
      name.replace(at, kBlock.size(), std::to_string(block));
    names.push_back(std::move(name));
    if (end == std::string_view::npos) return names;
    pattern.remove_prefix(end + kPlus.size());
  }
}

bool has_all(const TensorMap& tensors, const std::vector<std::string>& names) {
  return std::ranges::all_of(names, [&](const auto& name) { return tensors.contains(name); });
}

// All tensors of these names one after the other; undefined when their other dimensions disagree.
torch::Tensor joined(const TensorMap& tensors, const std::vector<std::string>& names) {
  if (names.size() == 1) return tensors.at(names[0]);
  std::vector<torch::Tensor> parts;
  for (const auto& name : names) {
    parts.push_back(tensors.at(name));
    const bool fits = parts.back().dim() > 0 && parts.back().dim() == parts[0].dim() &&
                      parts.back().sizes().slice(1) == parts[0].sizes().slice(1) &&
                      parts.back().scalar_type() == parts[0].scalar_type();
    if (!fits) return {};
  }
  return at::cat(parts);
}

torch::Tensor our_form(const torch::Tensor& theirs, Transform transform) {
  const auto leading = [&](int64_t axes) {
    for (int64_t axis = 0; axis < axes; ++axis) {
      if (theirs.dim() <= axis || theirs.size(axis) != 1) return theirs;
    }
    return theirs.reshape(theirs.sizes().slice(static_cast<size_t>(axes)));
  };
  switch (transform) {
    case Transform::kAsIs: return theirs;
    case Transform::kTranspose: return theirs.dim() == 2 ? theirs.t() : theirs;
    case Transform::kPatches: return theirs.dim() == 4 ? theirs.flatten(1) : theirs;
    case Transform::kLeadingAxis: return leading(1);
    case Transform::kTwoLeadingAxes: return leading(2);
    case Transform::kScalar: return theirs.numel() == 1 ? theirs.reshape({}) : theirs;
  }
  TORCH_CHECK(false, "unknown transform");
}

torch::Tensor their_form(const torch::Tensor& ours, Transform transform, int64_t patch_size) {
  switch (transform) {
    case Transform::kAsIs: return ours;
    case Transform::kTranspose: return ours.t();
    case Transform::kPatches: return ours.view({ours.size(0), -1, patch_size, patch_size});
    case Transform::kLeadingAxis: return ours.unsqueeze(0);
    case Transform::kTwoLeadingAxes: return ours.unsqueeze(0).unsqueeze(0);
    case Transform::kScalar: return ours.reshape({1});
  }
  TORCH_CHECK(false, "unknown transform");
}

// Cuts `whole` into tensors as long as those that `names` have in `own`.
void split_into(TensorMap& result, const torch::Tensor& whole,
                const std::vector<std::string>& names, const TensorMap& own) {
  if (names.size() == 1) {
    result.emplace(names[0], whole);
    return;
  }
  int64_t begin = 0;
  for (const auto& name : names) {
    const int64_t rows = own.at(name).size(0);
    result.emplace(name, whole.slice(0, begin, begin + rows));
    begin += rows;
  }
}

}  // namespace

std::vector<NamedPair> expand(const NameMap& map, const TensorMap& own) {
  std::vector<NamedPair> pairs;
  std::set<std::string> covered;
  for (const NamePart& part : map) {
    for (const NameRow& row : part.rows) {
      const bool repeats = row.ours.find(kBlock) != std::string_view::npos;
      for (int64_t block = 0;; ++block) {
        std::vector<std::string> ours = names_of(part.ours, row.ours, block);
        if (!has_all(own, ours)) break;
        covered.insert(ours.begin(), ours.end());
        pairs.push_back({.ours = std::move(ours),
                         .theirs = names_of(part.theirs, row.theirs, block),
                         .transform = row.transform});
        if (!repeats) break;
      }
    }
  }
  std::vector<std::string> left;
  for (const auto& [name, tensor] : own) {
    if (!covered.contains(name)) left.push_back(name);
  }
  if (!left.empty()) {
    throw Error(ErrorKind::kConfig, {.what = "the format has no name for parts of this model",
                                     .found = fmt::format("{}", fmt::join(left, ", "))});
  }
  return pairs;
}

TensorMap to_ours(const std::vector<NamedPair>& pairs, const TensorMap& theirs,
                  const TensorMap& own, ConversionReport& report) {
  TensorMap result;
  std::set<std::string> used;
  for (const NamedPair& pair : pairs) {
    used.insert(pair.theirs.begin(), pair.theirs.end());
    if (!has_all(theirs, pair.theirs)) {
      for (const auto& name : pair.theirs) {
        if (!theirs.contains(name)) report.missing.push_back(name);
      }
      continue;
    }
    const torch::Tensor source = joined(theirs, pair.theirs);
    const torch::Tensor wanted = joined(own, pair.ours);
    const torch::Tensor ready = source.defined() ? our_form(source, pair.transform) : source;
    if (!ready.defined() || ready.sizes() != wanted.sizes()) {
      report.misshapen.push_back(
          fmt::format("{} (file {}, model {})", fmt::join(pair.theirs, " + "),
                      source.defined() ? shape_text(source) : "uneven", shape_text(wanted)));
      continue;
    }
    split_into(result, ready.contiguous(), pair.ours, own);
    report.tensors.push_back({.ours = pair.ours,
                              .theirs = pair.theirs,
                              .our_shape = shape_text(wanted),
                              .their_shape = shape_text(source),
                              .transform = std::string(transform_name(pair.transform))});
  }
  for (const auto& [name, tensor] : theirs) {
    if (!used.contains(name)) report.unexpected.push_back(name);
  }
  return result;
}

TensorMap to_theirs(const std::vector<NamedPair>& pairs, const TensorMap& own, int64_t patch_size,
                    ConversionReport& report) {
  TensorMap result;
  for (const NamedPair& pair : pairs) {
    const torch::Tensor source = joined(own, pair.ours);
    const torch::Tensor ready = their_form(source, pair.transform, patch_size).contiguous();
    const auto count = static_cast<int64_t>(pair.theirs.size());
    TORCH_CHECK(ready.dim() == 0 || ready.size(0) % count == 0, "uneven parts of ", pair.ours[0]);
    for (int64_t part = 0; part < count; ++part) {
      const int64_t rows = count == 1 ? 0 : ready.size(0) / count;
      result.emplace(pair.theirs[static_cast<size_t>(part)],
                     count == 1 ? ready : ready.slice(0, part * rows, (part + 1) * rows));
    }
    report.tensors.push_back({.ours = pair.ours,
                              .theirs = pair.theirs,
                              .our_shape = shape_text(source),
                              .their_shape = shape_text(ready),
                              .transform = std::string(transform_name(pair.transform))});
  }
  return result;
}

}  // namespace tandem
