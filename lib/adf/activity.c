/* Reads what Data Factory passes to a custom activity. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adf/adf.h"
#include "base/io.h"

/* Reads FOLDER/NAME. Returns NULL with err filled if it is malformed, or missing and not optional. */
static json_t *
read_file(const char *folder, const char *name, bool optional, struct msg *err)
{
	struct buf path = { 0 };
	json_error_t why;
	json_t *json = NULL;
	int fd;

	buf_addf(&path, "%s/%s", folder, name);
	if (optional && access(buf_cstr(&path), F_OK) != 0)
		json = json_array();
	else if ((fd = io_open(buf_cstr(&path), err)) >= 0) {
		json = json_loadfd(fd, 0, &why);
		close(fd);
		if (json == NULL)
			msg_set(err, EX_DATAERR, "%s: line %d: malformed JSON", name, why.line);
	}
	buf_free(&path);
	return json;
}

/* Names that a run reads; none of them can take the place of a program or a library. */
static bool
is_variable(const char *name)
{
	return (strncmp(name, "ACCT_", 5) == 0 || strncmp(name, "AZURE_", 6) == 0) && strcmp(name, "ACCT_BIN") != 0;
}

static void
add_secret(struct adf_activity *a, const char *value)
{
	a->secrets = xreallocarray(a->secrets, a->nsecrets + 1, sizeof(*a->secrets));
	a->secrets[a->nsecrets++] = xstrdup(value);
}

static bool
is_known(const char *name, const char *const *known)
{
	for (; *known != NULL; known++)
		if (strcmp(name, *known) == 0)
			return true;
	return false;
}

/* A plain value is text; a SecureString is an object that has it. */
static int
take(struct adf_activity *a, const char *name, const json_t *value, const char *const *known, struct msg *err)
{
	const char *text = json_string_value(json_is_object(value) ? json_object_get(value, "value") : value);

	if (text == NULL)
		return msg_set(err, EX_CONFIG, "activity.json: extendedProperties: %s: must be text", msg_quotes(name));
	if (json_is_object(value)) {
		if (!is_variable(name))
			return msg_set(err, EX_CONFIG, "activity.json: extendedProperties: %s: a secret is named as "
			    "the environment variable that it becomes, ACCT_... or AZURE_...", msg_quotes(name));
		if (*text != '\0')
			add_secret(a, text);
	}
	if (is_variable(name))
		return setenv(name, text, 1) == 0 ? 0 : msg_sys(err, EX_OSERR, "%s", name);
	if (!is_known(name, known))
		return msg_set(err, EX_CONFIG, "activity.json: extendedProperties: no property %s", msg_quotes(name));
	return 0;
}

int
adf_read(struct adf_activity *a, const char *folder, const char *const *known, struct msg *err)
{
	json_t *activity = read_file(folder, "activity.json", false, err), *value;
	const char *name;

	*a = (struct adf_activity){ 0 };
	if (activity == NULL)
		return -1;
	a->properties = json_incref(json_object_get(json_object_get(activity, "typeProperties"), "extendedProperties"));
	json_decref(activity);
	if (!json_is_object(a->properties))
		return msg_set(err, EX_CONFIG, "activity.json: no typeProperties.extendedProperties");
	json_object_foreach(a->properties, name, value)
		if (take(a, name, value, known, err) < 0)
			return -1;
	a->services = read_file(folder, "linkedServices.json", true, err);
	a->datasets = a->services == NULL ? NULL : read_file(folder, "datasets.json", true, err);
	return a->datasets == NULL ? -1 : 0;
}

void
adf_free(struct adf_activity *a)
{
	json_decref(a->properties);
	json_decref(a->services);
	json_decref(a->datasets);
	while (a->nsecrets > 0)
		free(a->secrets[--a->nsecrets]);
	free(a->secrets);
	*a = (struct adf_activity){ 0 };
}

const char *
adf_text(const struct adf_activity *a, const char *name)
{
	const char *text = json_string_value(json_object_get(a->properties, name));

	return text == NULL || *text == '\0' ? NULL : text;
}

/* The properties of a dataset or linked service, NULL if the array has none of that name. */
static const json_t *
find(const json_t *array, const char *name)
{
	const json_t *one;
	size_t i;

	json_array_foreach(array, i, one) {
		const char *its = json_string_value(json_object_get(one, "name"));

		if (its != NULL && name != NULL && strcmp(its, name) == 0)
			return json_object_get(one, "properties");
	}
	return NULL;
}

static const char *
text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* The host of a linked service's address: of a data lake, or of blobs. */
static const char *
host_of(const json_t *service)
{
	const json_t *p = json_object_get(service, "typeProperties");
	const char *url = text_of(p, "url");

	if (url == NULL)
		url = text_of(p, "serviceEndpoint");
	return url != NULL && strncmp(url, "https://", 8) == 0 ? url + 8 : NULL;
}

static int
place_of_dataset(const struct adf_activity *a, const char *dataset, struct buf *out, struct msg *err)
{
	const json_t *d = find(a->datasets, dataset);
	const json_t *location = json_object_get(json_object_get(d, "typeProperties"), "location");
	const char *service = text_of(json_object_get(d, "linkedServiceName"), "referenceName");
	const char *host = host_of(find(a->services, service)), *container = text_of(location, "fileSystem");
	const char *folder = text_of(location, "folderPath");

	if (d == NULL)
		return msg_set(err, EX_CONFIG, "datasets.json: no dataset %s", msg_quotes(dataset));
	if (container == NULL)
		container = text_of(location, "container");
	if (container == NULL)
		return msg_set(err, EX_CONFIG, "datasets.json: %s: no location in a data lake or in blobs",
		    msg_quotes(dataset));
	if (host == NULL)
		return msg_set(err, EX_CONFIG, "linkedServices.json: %s: no service with an address https://...",
		    msg_quotes(service != NULL ? service : ""));
	buf_addf(out, "abfss://%s@%.*s", container, (int)strcspn(host, "/"), host);
	if (folder != NULL)
		buf_addf(out, "/%s", folder);
	return 0;
}

int
adf_place(const struct adf_activity *a, const char *name, char **place, struct msg *err)
{
	const char *text = adf_text(a, name);
	struct buf out = { 0 };
	int failed = 0;

	if (text == NULL)
		return msg_set(err, EX_CONFIG, "activity.json: extendedProperties: %s is missing", name);
	if (strncmp(text, "dataset:", 8) == 0)
		failed = place_of_dataset(a, text + 8, &out, err);
	else
		buf_adds(&out, text);
	if (failed == 0)
		*place = xstrdup(buf_cstr(&out));
	buf_free(&out);
	return failed;
}
