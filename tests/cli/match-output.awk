# match-output.awk EXPECTED ACTUAL: do the lines agree? In EXPECTED, <*> stands for any text within a line, and a line that is <...> for any
# number of lines. Prints the first disagreement and exits 1.
function fits(pattern, text,    at, piece) {
    at = index(pattern, "<*>")
    if (at == 0)
        return pattern == text
    if (substr(text, 1, at - 1) != substr(pattern, 1, at - 1))
        return 0
    text = substr(text, at)
    pattern = substr(pattern, at + 3)
    while ((at = index(pattern, "<*>")) > 0) {
        piece = substr(pattern, 1, at - 1)
        pattern = substr(pattern, at + 3)
        at = index(text, piece)
        if (at == 0)
            return 0
        text = substr(text, at + length(piece))
    }
    return length(text) >= length(pattern) && substr(text, length(text) - length(pattern) + 1) == pattern
}
function same(e, a) {
    for (; e <= expected_count; e++) {
        if (expected[e] == "<...>") {
            for (; a <= actual_count + 1; a++)
                if (same(e + 1, a))
                    return 1
            return 0
        }
        if (a > actual_count || !fits(expected[e], actual[a])) {
            if (a > furthest) {
                furthest = a
                wanted = expected[e]
            }
            return 0
        }
        a++
    }
    if (a <= actual_count && a > furthest) {
        furthest = a
        wanted = "(nothing more)"
    }
    return a > actual_count
}
FILENAME == ARGV[1] { expected[++expected_count] = $0; next }
{ actual[++actual_count] = $0 }
END {
    if (same(1, 1))
        exit 0
    print "    line " furthest
    print "    expected: " wanted
    print "    found:    " (furthest <= actual_count ? actual[furthest] : "(end)")
    exit 1
}
