/* json_get PATH...: standard input must be exactly one JSON object and nothing else. Prints the value at each
   dotted path ("result.rows.0.name") on a line of its own, strings without quotes; a path that leads nowhere
   prints "(none)". Exit status 1 when the input is not such an object. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const json_t *step(const json_t *value, const char *name)
{
    if (json_is_array(value))
        return json_array_get(value, strtoul(name, NULL, 10));
    return json_object_get(value, name);
}

static const json_t *walk(const json_t *value, char *path)
{
    for (char *name = strtok(path, "."); name != NULL && value != NULL; name = strtok(NULL, "."))
        value = step(value, name);
    return value;
}

static void print(const json_t *value)
{
    char *text = json_is_string(value)
                     ? NULL
                     : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
    puts(text != NULL ? text : json_is_string(value) ? json_string_value(value) : "(none)");
    free(text);
}

int main(int argc, char **argv)
{
    json_error_t error;
    json_t *root = json_loadf(stdin, JSON_REJECT_DUPLICATES, &error); /* refuses what follows the object */
    if (root == NULL || !json_is_object(root)) {
        fprintf(stderr, "not one JSON object: line %d: %s\n", error.line, error.text);
        return 1;
    }
    for (int i = 1; i < argc; i++)
        print(walk(root, argv[i]));
    json_decref(root);
    return 0;
}
