#include "text/cleaning/mojibake_tables.h"

// What ftfy 6.3.1 (github.com/rspeer/python-ftfy, Apache-2.0) knows about mojibake: its classes of
// characters, its unlikely sequences of them, and the encodings that it tries, as facts; the code
// pages are those of Python 3.11. scripts/check_cleaning.py compares what follows from them.

namespace tandem {
namespace {

constexpr NamedCharacters kCharacters[] = {
    {"common", R"(
A0 AD B4 B7 2013-2015 2019 2026)"},
    {"c1", R"(
80-9F)"},
    {"bad", R"(
A4 A6 A8 AA AC AF B8 BA 192 2C6-2C7 2D8 2DB-2DC 2020-2021 2030 2310 25CA FFFD)"},
    {"law", R"(
A7 B6)"},
    {"currency", R"(
A2-A3 A5 20A7 20AC)"},
    {"start_punctuation", R"(
A1 A9 AB BF 384-385 2018 201A 201C 201E 2022 2039 F8FF)"},
    {"end_punctuation", R"(
AE BB 2DD 201D 203A 2122)"},
    {"numeric", R"(
B1-B3 B5 B9 BC-BE D7 F7 2044 2116 2202 2206 220F 2211 221A 221E 2229 222B 2248 2260-2261 2264-2265)"},
    {"kaomoji", R"(
B0 D2-D6 D9-DC F2-F6 F8-FC 14C 150 16A 172)"},
    {"upper_accented", R"(
C0-D1 D8 DC-DD 100 102 104 106 10C 10E 110 112 116 118 11A 11E 122 12A 130 136 139 13B 13D 141 143
145 147 152 158 15A 15E 160 162 164 16E 170 178-179 17B 17D 490)"},
    {"lower_accented", R"(
DF-F1 FC 101 103 105 107 10D 10F 111 113 117 119 11B 11F 123 12B 12F 137 13A 13C 13E 142 153 155
15B 15F 161 165 17A 17C 17E 491 FB01-FB02)"},
    {"upper_common", R"(
DE 386 388-38A 38C 38E-38F 391-3AB 401-42F)"},
    {"lower_common", R"(
3AC-3C9 430-45F)"},
    {"box", R"(
2502 250C 2510 2518 251C 2524 252C 253C 2550-256C 2580 2584 2588 258C 2590-2593)"},
    {"latin", R"(
41-5A 61-7A)"},
    {"latin_small", R"(
61-7A)"},
};

constexpr std::string_view kSequences[] = {
    "c1",
    "bad+lower_accented+upper_accented+box+start_punctuation+end_punctuation+currency+"
    "numeric+law bad",
    "latin lower_common+upper_common bad",
    "bad lower_accented+upper_accented+box+start_punctuation+end_punctuation+currency+"
    "numeric+law",
    "lower_accented+lower_common+box+end_punctuation+currency+numeric upper_accented",
    "box+end_punctuation+currency+numeric lower_accented",
    "lower_accented+box+end_punctuation currency",
    "space upper_accented currency",
    "upper_accented+box numeric+law",
    "lower_accented+upper_accented+box+currency+end_punctuation start_punctuation numeric",
    "lower_accented+upper_accented+currency+numeric+box+law end_punctuation start_punctuation",
    "currency+numeric+box start_punctuation",
    "latin_small upper_accented start_punctuation+currency",
    "box kaomoji",
    "lower_accented+upper_accented+currency+numeric+start_punctuation+end_punctuation+law box",
    "box end_punctuation",
    "lower_accented+upper_accented start_punctuation+end_punctuation word",
    // Œ and œ that no letter follows; degrees after capitals.
    "152-153 not_latin",
    "upper_accented B0",
    // Windows-1252.
    "C2-C3+CE+D0 A0+A2-A3+A9+AD-AE+B0+B4+B7+BB+153+160-161+178+17E+2013-2014+20AC+"
    "start_punctuation+end_punctuation",
    "D7 B2-B3",
    "D8-D9 common+currency+bad+numeric+start_punctuation+AE+B0+B5+BB+160+178 D8-D9 common+"
    "currency+bad+numeric+start_punctuation+AE+B0+B5+BB+160+178",
    "E0 B2+B5+B9+BC-BE",
    // MacRoman.
    "221A A5+AE+B1+B4-B5+F8+2020+2122+2202+2260+2264-2265",
    "2248 A2+B0",
    "201A C4 A2+B0+EC+EE-EF+F2+F4+F9-FB+3C0+2020",
    "201A E2+F3 B0+E0+E4+EA",
    // Windows-1251.
    "432 402",
    "412-413+420-421 c1+bad+start_punctuation+end_punctuation+currency+B0+B5 412-413+420-421",
    "413 45E 412 402 412 not_line_end latin+20",
    // Windows-1252: à, á and the space that does not break.
    "C3 A0-A1",
    "latin_small C2-C3 20",
    "latin_small space C2-C3 20",
    "^C2-C3 20",
    "latin_small+21+2C+2E+3F+end_punctuation C2 20+start_punctuation+end_punctuation",
    // Windows-1253.
    "3B2 20AC A0+AD-AE+B0+386+2122",
    "392-393+39E-39F c1+bad+start_punctuation+end_punctuation+currency+B0 392-393+39E-39F",
    // Windows-1257.
    "101 20AC",
};

constexpr Utf8Clues kClues = {.first_of_2 = R"(
C2-DF 100 102 106 10C 10E 110 112 116 118 11A 11E 122 12A 130 136 139 13B 141 143 145 147 14C 150
158 15A 15E 160 162 16A 16E 170 172 179 17B 17D 392-3A1 3A3-3AF 412-42F)",
                              .first_of_3 = R"(
E0-EF 101 103 105 107 10D 10F 113 117 119 11B 123 12B 12F 137 13A 13C 155 17A 3B0-3BF 430-43F)",
                              .first_of_4 = R"(
F0 F3 111 11F 161 3C0 3C3 440 443)",
                              .continuation = R"(
20 80-BF C6 D8 E6 F8 104-105 13D-13E 141-142 152-153 156-157 15A-15B 15E-161 164-165 178-17E 192
2C6-2C7 2D8 2DB-2DD 384-386 388-38A 38C 38E-38F 401-40C 40E-40F 451-45C 45E-45F 490-491 2013-2015
2018-201A 201C-201E 2020-2022 2026 2030 2039-203A 20AC 2116 2122)",
                              .strict_continuation = R"(
80-BF C6 D8 E6 F8 104-105 13D-13E 141-142 152-153 156-157 15A-15B 15E-161 164-165 178-17E 192
2C6-2C7 2D8 2DB-2DD 384-386 388-38A 38C 38E-38F 401-40C 40E-40F 451-45C 45E-45F 490-491 2020-2021
2030 2039-203A 20AC 2116 2122)"};

// A byte that Windows leaves open is the control character of its number.
constexpr CodePage kCodePages[] = {
    {"latin-1", false, true, R"(
80-FF)"},
    {"windows-1252", true, true, R"(
20AC 81 201A 192 201E 2026 2020-2021 2C6 2030 160 2039 152 8D 17D 8F-90 2018-2019 201C-201D 2022
2013-2014 2DC 2122 161 203A 153 9D 17E 178 A0-FF)"},
    {"windows-1251", true, true, R"(
402-403 201A 453 201E 2026 2020-2021 20AC 2030 409 2039 40A 40C 40B 40F 452 2018-2019 201C-201D
2022 2013-2014 98 2122 459 203A 45A 45C 45B 45F A0 40E 45E 408 A4 490 A6-A7 401 A9 404 AB-AE 407
B0-B1 406 456 491 B5-B7 451 2116 454 BB 458 405 455 457 410-44F)"},
    {"windows-1250", true, true, R"(
20AC 81 201A 83 201E 2026 2020-2021 88 2030 160 2039 15A 164 17D 179 90 2018-2019 201C-201D 2022
2013-2014 98 2122 161 203A 15B 165 17E 17A A0 2C7 2D8 141 A4 104 A6-A9 15E AB-AE 17B B0-B1 2DB 142
B4-B8 105 15F BB 13D 2DD 13E 17C 154 C1-C2 102 C4 139 106 C7 10C C9 118 CB 11A CD-CE 10E 110 143
147 D3-D4 150 D6-D7 158 16E DA 170 DC-DD 162 DF 155 E1-E2 103 E4 13A 107 E7 10D E9 119 EB 11B
ED-EE 10F 111 144 148 F3-F4 151 F6-F7 159 16F FA 171 FC-FD 163 2D9)"},
    {"windows-1253", true, true, R"(
20AC 81 201A 192 201E 2026 2020-2021 88 2030 8A 2039 8C-90 2018-2019 201C-201D 2022 2013-2014 98
2122 9A 203A 9C-A0 385-386 A3-AE 2015 B0-B3 384 B5-B7 388-38A BB 38C BD 38E-3A1 D2 3A3-3CE FF)"},
    {"windows-1254", true, true, R"(
20AC 81 201A 192 201E 2026 2020-2021 2C6 2030 160 2039 152 8D-90 2018-2019 201C-201D 2022
2013-2014 2DC 2122 161 203A 153 9D-9E 178 A0-CF 11E D1-DC 130 15E DF-EF 11F F1-FC 131 15F FF)"},
    {"windows-1257", true, true, R"(
20AC 81 201A 83 201E 2026 2020-2021 88 2030 8A 2039 8C A8 2C7 B8 90 2018-2019 201C-201D 2022
2013-2014 98 2122 9A 203A 9C AF 2DB 9F-A7 D8 A9 156 AB-AE C6 B0-B7 F8 B9 157 BB-BE E6 104 12E 100
106 C4-C5 118 112 10C C9 179 116 122 136 12A 13B 160 143 145 D3 14C D5-D7 172 141 15A 16A DC 17B
17D DF 105 12F 101 107 E4-E5 119 113 10D E9 17A 117 123 137 12B 13C 161 144 146 F3 14D F5-F7 173
142 15B 16B FC 17C 17E 2D9)"},
    {"iso-8859-2", false, true, R"(
80-A0 104 2D8 141 A4 13D 15A A7-A8 160 15E 164 179 AD 17D 17B B0 105 2DB 142 B4 13E 15B 2C7 B8 161
15F 165 17A 2DD 17E 17C 154 C1-C2 102 C4 139 106 C7 10C C9 118 CB 11A CD-CE 10E 110 143 147 D3-D4
150 D6-D7 158 16E DA 170 DC-DD 162 DF 155 E1-E2 103 E4 13A 107 E7 10D E9 119 EB 11B ED-EE 10F 111
144 148 F3-F4 151 F6-F7 159 16F FA 171 FC-FD 163 2D9)"},
    {"macroman", false, false, R"(
C4-C5 C7 C9 D1 D6 DC E1 E0 E2 E4 E3 E5 E7 E9 E8 EA-EB ED EC EE-EF F1 F3 F2 F4 F6 F5 FA F9 FB-FC
2020 B0 A2-A3 A7 2022 B6 DF AE A9 2122 B4 A8 2260 C6 D8 221E B1 2264-2265 A5 B5 2202 2211 220F 3C0
222B AA BA 3A9 E6 F8 BF A1 AC 221A 192 2248 2206 AB BB 2026 A0 C0 C3 D5 152-153 2013-2014
201C-201D 2018-2019 F7 25CA FF 178 2044 20AC 2039-203A FB01-FB02 2021 B7 201A 201E 2030 C2 CA C1
CB C8 CD-CF CC D3-D4 F8FF D2 DA-DB D9 131 2C6 2DC AF 2D8-2DA B8 2DD 2DB 2C7)"},
    {"cp437", false, true, R"(
C7 FC E9 E2 E4 E0 E5 E7 EA-EB E8 EF EE EC C4-C5 C9 E6 C6 F4 F6 F2 FB F9 FF D6 DC A2-A3 A5 20A7 192
E1 ED F3 FA F1 D1 AA BA BF 2310 AC BD BC A1 AB BB 2591-2593 2502 2524 2561-2562 2556 2555 2563
2551 2557 255D 255C 255B 2510 2514 2534 252C 251C 2500 253C 255E-255F 255A 2554 2569 2566 2560
2550 256C 2567-2568 2564-2565 2559 2558 2552-2553 256B 256A 2518 250C 2588 2584 258C 2590 2580 3B1
DF 393 3C0 3A3 3C3 B5 3C4 3A6 398 3A9 3B4 221E 3C6 3B5 2229 2261 B1 2265 2264 2320-2321 F7 2248 B0
2219 B7 221A 207F B2 25A0 A0)"},
};

}  // namespace

std::span<const NamedCharacters> mojibake_characters() { return kCharacters; }

std::span<const std::string_view> mojibake_sequences() { return kSequences; }

const Utf8Clues& utf8_clues() { return kClues; }

std::span<const CodePage> code_pages() { return kCodePages; }

}  // namespace tandem
