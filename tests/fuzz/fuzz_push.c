#include <unistd.h>

#include "fuzz.h"
#include "../predict/stream_scene.h"

/* Frames of any bytes at any time, one after another, to a stream: each is (sensor, step of time, size), then
   so many bytes. No call fails, and what is taken is made of finite numbers: the beams add up. */
static bcue_session *open_once(void)
{
    static scene s;
    if (s.stream != NULL)
        return s.stream;
    char path[] = "/tmp/fuzz_push_XXXXXX";
    const int file = mkstemp(path);
    if (file < 0)
        abort();
    close(file);
    s = open_scene(path, &(bcue_stream_options){.hold_s = 2});
    (void)unlink(path);
    if (s.stream == NULL || check_failures > 0)
        abort();
    return s.stream;
}

static void ask(bcue_session *session, double now_s, double budget_s)
{
    bcue_error error = {{0}};
    bcue_answer answer;
    double sum = 0;
    fuzz_require(bcue_session_predict(session, now_s, now_s + budget_s, &answer, &error) == BCUE_OK,
                 "an answer", &error);
    for (size_t k = 0; k < answer.count; k++)
        sum += answer.beams[k].probability;
    fuzz_require(answer.count == BEAMS, "all beams", &error);
    fuzz_require(answer.rung == BCUE_RUNG_SWEEP || (sum > 0.999 && sum < 1.001), "probabilities add up",
                 &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bcue_session *session = open_once();
    double now_s = 1000;
    int asked = 0;
    bcue_session_forget(session);
    while (size >= 4) {
        const uint8_t what = data[0];
        size_t length = (size_t)data[2] | (size_t)data[3] << 8;
        bcue_error error = {{0}};
        bcue_verdict verdict;
        now_s += 0.05 * (int8_t)data[1];
        data += 4;
        size -= 4;
        length = length < size ? length : size;
        fuzz_require(bcue_session_push(session, (bcue_sensor)(what & 3), now_s, data, length, &verdict,
                                       &error) == BCUE_OK,
                     "a push", &error);
        fuzz_require(verdict != BCUE_FRAME_UNREADABLE || error.text[0] != '\0', "a sentence", &error);
        if (what & 0x80)
            ask(session, now_s, -1); /* the network is stopped at once */
        if ((what & 0x40) && verdict == BCUE_FRAME_GOOD && asked++ == 0)
            ask(session, now_s, INFINITY);
        data += length;
        size -= length;
    }
    return 0;
}
