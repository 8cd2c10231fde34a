// Holds nothing: this unit exists to carry the precompiled header that every target reuses.
