#include "text/unicode/unicode_versions.h"

#include <string_view>
#include <vector>

#include <utf8proc.h>

#include "text/unicode/code_point_ranges.h"
#include "text/unicode/unicode.h"

// The `tokenizers` package sees characters through tables of different age. These are the code
// points at which they differ from Unicode 15, which utf8proc 2.8 carries, and what Unicode 16 and
// 17 added, so that a newer utf8proc gives the same ids.

namespace tandem {
namespace {

/// Code points, in hexadecimal, that have a flag (or do not) whatever utf8proc says.
struct Group {
  uint16_t flag;
  bool has;
  std::string_view ranges;
};

constexpr Group kGroups[] = {
    // Letters of Unicode 16.
    {kLetter, true, R"(
1C89-1C8A A7CB-A7CD A7DA-A7DC 105C0-105F3 10D4A-10D65 10D6F-10D85 10EC2-10EC4 11380-11389 1138B
1138E 11390-113B5 113B7 113D1 113D3 11BC0-11BE0 13460-143FA 16100-1611D 16D40-16D6C 18CFF
1E5D0-1E5ED 1E5F0 2EBF0-2EE5D)"},
    // Numbers of Unicode 16.
    {kNumber, true, R"(
10D40-10D49 116D0-116E3 11BF0-11BF9 16130-16139 16D70-16D79 1CCF0-1CCF9 1E5F1-1E5FA)"},
    // Marks of Unicode 16.
    {kMark, true, R"(
897 10D69-10D6D 10EFC 113B8-113C0 113C2 113C5 113C7-113CA 113CC-113D0 113D2 113E1-113E2 11F5A
1611E-1612F 1E5EE-1E5EF)"},
    // Word characters of Unicode 16, joiners and enclosed letters.
    {kWord, true, R"(
897 1C89-1C8A 200C-200D 24B6-24E9 A7CB-A7CD A7DA-A7DC 105C0-105F3 10D40-10D65 10D69-10D6D
10D6F-10D85 10EC2-10EC4 10EFC 11380-11389 1138B 1138E 11390-113B5 113B7-113C0 113C2 113C5
113C7-113CA 113CC-113D3 113E1-113E2 116D0-116E3 11BC0-11BE0 11BF0-11BF9 11F5A 13460-143FA
16100-16139 16D40-16D6C 16D70-16D79 18CFF 1CCF0-1CCF9 1E5D0-1E5FA 1F130-1F149 1F150-1F169
1F170-1F189 2EBF0-2EE5D)"},
    // Numbers of Unicode 17.
    {kNumeric, true, R"(
10D40-10D49 116D0-116E3 11BF0-11BF9 11DE0-11DE9 16130-16139 16D70-16D79 16FF4-16FF6 1CCF0-1CCF9
1E5F1-1E5FA)"},
    // Punctuation at the time of Unicode 8.
    {kPunctuation, true, R"(
166D 111C9)"},
    // Punctuation since.
    {kPunctuation, false, R"(
61D 9FD A76 C77 C84 1B4E-1B4F 1B7D-1B7E 1B7F 2E43-2E4F 2E52-2E5D 10D6E 10EAD 10F55-10F59 10F86-10F89
113D4-113D5 113D7-113D8 1144B-1144F 1145A-1145B 1145D 11660-1166C 116B9 1183B 11944-11946 119E2
11A3F-11A46 11A9A-11A9C 11A9E-11AA2 11B00-11B09 11BE1 11C41-11C45 11C70-11C71 11EF7-11EF8
11F43-11F4F 11FFF 12FF1-12FF2 16D6D-16D6F 16E97-16E9A 16FE2 1E5FF 1E95E-1E95F)"},
    // Format characters since Unicode 8.
    {kOther, false, R"(
890-891 8E2 110CD 13430-1343F)"},
    // Mn at the time of Unicode 8.
    {kNonspacing, true, R"(
1734)"},
    // Mn since.
    {kNonspacing, false, R"(
7FD 897 898-89F 8CA-8E1 9FE AFA-AFF B55 C04 C3C D00 D3B-D3C D81 EBA ECE 180F 1885-1886 1ABF-1ACE
1DF6-1DFB A82C A8C5 A8FF A9BD 10D24-10D27 10D69-10D6D 10EAB-10EAC 10EFC 10EFD-10EFF 10F46-10F50
10F82-10F85 11070 11073-11074 110C2 111C9 111CF 1123E 11241 1133B 113B8-113C0 113C2 113C5
113C7-113CA 113CC-113D0 113D2 113E1-113E2 11438-1143F 11442-11444 11446 1145E 1182F-11837
11839-1183A 1193B-1193C 1193E 11943 119D4-119D7 119DA-119DB 119E0 11A01-11A0A 11A33-11A38
11A3B-11A3E 11A47 11A51-11A56 11A59-11A5B 11A8A-11A96 11A98-11A99 11C30-11C36 11C38-11C3D 11C3F
11C92-11CA7 11CAA-11CB0 11CB2-11CB3 11CB5-11CB6 11D31-11D36 11D3A 11D3C-11D3D 11D3F-11D45 11D47
11D90-11D91 11D95 11D97 11EF3-11EF4 11F00-11F01 11F36-11F3A 11F40 11F42 11F5A 13440 13447-13455
1611E-1612F 16F4F 16FE4 1CF00-1CF2D 1CF30-1CF46 1E000-1E006 1E008-1E018 1E01B-1E021 1E023-1E024
1E026-1E02A 1E08F 1E130-1E136 1E2AE 1E2EC-1E2EF 1E4EC-1E4EF 1E5EE-1E5EF 1E944-1E94A)"},
    // Marks of Unicode 9.
    {kCombining, true, R"(
1CF2-1CF3)"},
    // Marks since.
    {kCombining, false, R"(
7FD 897 898-89F 8CA-8D3 9FE AFA-AFF B55 C04 C3C CF3 D00 D3B-D3C D81 EBA ECE 1715 180F 1ABF-1ACE 1CF7
1DF6-1DFA A82C A8FF 10D24-10D27 10D69-10D6D 10EAB-10EAC 10EFC 10EFD-10EFF 10F46-10F50 10F82-10F85
11070 11073-11074 110C2 11145-11146 111C9 111CE-111CF 11241 1133B 113B8-113C0 113C2 113C5
113C7-113CA 113CC-113D0 113D2 113E1-113E2 1145E 1182C-1183A 11930-11935 11937-11938 1193B-1193E
11940 11942-11943 119D1-119D7 119DA-119E0 119E4 11A01-11A0A 11A33-11A39 11A3B-11A3E 11A47
11A51-11A5B 11A8A-11A99 11D31-11D36 11D3A 11D3C-11D3D 11D3F-11D45 11D47 11D8A-11D8E 11D90-11D91
11D93-11D97 11EF3-11EF6 11F00-11F01 11F03 11F34-11F3A 11F3E-11F42 11F5A 13440 13447-13455
1611E-1612F 16F4F 16F7F-16F87 16FE4 16FF0-16FF1 1CF00-1CF2D 1CF30-1CF46 1E08F 1E130-1E136 1E2AE
1E2EC-1E2EF 1E4EC-1E4EF 1E5EE-1E5EF)"},
};

/// Marks and decompositions that are newer than Unicode 9; and U+11A7, which precedes the
/// final consonants of Hangul: utf8proc 2.8 takes it for one and drops it.
constexpr std::string_view kStill = R"(
7FD 897-89F 8CA-8D3 9FE C3C D3B-D3C EBA 11A7 1715 1ABF-1AEB 1DF6-1DFA 32FF A7F1-A7F4 A82C AB69 105C9
105E4 10781-10785 10787-107B0 107B2-107BA 10D24-10D27 10D69-10D6D 10EAB-10EAC 10EFA-10EFF
10F46-10F50 10F82-10F85 11070 1133B 11383 11385 1138E 11391 113B8 113BB 113C2 113C5 113C7-113CA
113CE-113D0 113E1-113E2 1145E 11839-1183A 11930 11935 11938 1193D-1193E 11943 119E0 11A34 11A47
11A99 11D42 11D44-11D45 11D97 11F41-11F42 1611E-16129 1612F 16D63 16D67-16D6A 16FF0-16FF1
1CCD6-1CCF9 1E030-1E06D 1E08F 1E130-1E136 1E2AE 1E2EC-1E2EF 1E4EC-1E4EF 1E5EE-1E5EF 1E6E3 1E6E6
1E6EE-1E6EF 1E6F5 1F16C 1FBF0-1FBF9)";

/// What joins a grapheme cluster since Unicode 16 or 17.
constexpr std::string_view kYoungExtenders = R"(
897 1ACF-1ADD 1AE0-1AEB 10D69-10D6D 10EFA-10EFC 113B8-113C0 113C2 113C5 113C7-113CA 113CC-113D0
113D2 113E1-113E2 11B60-11B67 11F5A 1611E-1612F 1E5EE-1E5EF 1E6E3 1E6E6 1E6EE-1E6EF 1E6F5)";

/// Pairs of cases that are newer than Unicode 15.
struct CaseShift {
  char32_t first;
  char32_t last;
  int32_t distance;
};

constexpr CaseShift kYoungCases[] = {{0x1C89, 0x1C89, 1},      {0xA7CB, 0xA7CB, 0x264 - 0xA7CB},
                                     {0xA7CC, 0xA7CC, 1},      {0xA7CE, 0xA7CE, 1},
                                     {0xA7D2, 0xA7D2, 1},      {0xA7D4, 0xA7D4, 1},
                                     {0xA7DA, 0xA7DA, 1},      {0xA7DC, 0xA7DC, 0x19B - 0xA7DC},
                                     {0x10D50, 0x10D65, 0x20}, {0x16EA0, 0x16EB8, 0x1B}};

}  // namespace

std::span<const FlagDifference> flag_differences() {
  static const std::vector<FlagDifference> kDifferences = [] {
    std::vector<FlagDifference> differences;
    for (const Group& group : kGroups) {
      const uint16_t set = group.has ? group.flag : uint16_t{0};
      const uint16_t cleared = group.has ? uint16_t{0} : group.flag;
      for (const CodePointRange& range : read_code_point_ranges(group.ranges))
        differences.push_back({range.first, range.last, set, cleared});
    }
    return differences;
  }();
  return kDifferences;
}

bool stands_still(char32_t c) noexcept {
  static const std::vector<CodePointRange> kRanges = read_code_point_ranges(kStill);
  return is_in(kRanges, c);
}

char32_t known_in_clusters(char32_t c) noexcept {
  if (c < 0x897) return c;
  static const std::vector<CodePointRange> kRanges = read_code_point_ranges(kYoungExtenders);
  if (is_in(kRanges, c)) return 0x300;
  if (c == 0x113D1) return 0x600;  // precedes a letter since Unicode 16
  if (c == 0x11A3A) return U'a';   // no longer does
  return c;
}

char32_t lower_case_of(char32_t c) noexcept {
  for (const CaseShift& shift : kYoungCases)
    if (c >= shift.first && c <= shift.last)
      return static_cast<char32_t>(static_cast<int32_t>(c) + shift.distance);
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}

}  // namespace tandem
