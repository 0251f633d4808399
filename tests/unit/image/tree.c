/* SPDX-License-Identifier: Apache-2.0 */
#include "image/tree.h"

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "image/digest.h"
#include "image/erofs.h"
#include "tests/unit/test.h"

/* Entries of a layer, one a word: "d:a/b/" folder, "f:a" file, "s:a>to" symlink, "h:a>to" link. */
static int apply_words(struct tree *tree, const char *words)
{
	char *text = arena_copy(tree->arena, words, strlen(words)), *rest = NULL;
	int r = 0;

	error_clear();
	for (char *word = strtok_r(text, " ", &rest); word && r >= 0;
		word = strtok_r(NULL, " ", &rest)) {
		struct tar_entry entry = {
			.path = word + 2, .target = "", .mode = 0644, .mtime = 1
		};
		char *target = strchr(word, '>');

		if (target) {
			*target = '\0';
			entry.target = target + 1;
		}
		entry.type = *word == 'd'   ? TAR_FOLDER
			     : *word == 's' ? TAR_SYMLINK
			     : *word == 'h' ? TAR_LINK
					    : TAR_FILE;
		entry.size = entry.type == TAR_FILE ? tree->layer + 1 : 0;
		r = tree_apply(tree, &entry);
	}
	return r;
}

static void print_folder(
	struct tree *tree, const struct tree_inode *folder, const char *way, struct buffer *text)
{
	struct tree_entry **entries = tree_sorted(tree, folder);

	for (size_t i = 0; i < folder->count; i++) {
		const struct tree_inode *inode = entries[i]->inode;
		char *path = arena_format(
			tree->arena, "%s/%.*s", way, (int)entries[i]->length, entries[i]->name);

		buffer_text(text, path);
		if (inode->type == TAR_FILE)
			buffer_format(text, ":%llu", (unsigned long long)inode->size);
		if (inode->type != TAR_FOLDER && inode->links != 1)
			buffer_format(text, "*%u", inode->links);
		if (inode->type == TAR_SYMLINK)
			buffer_format(text, ">%s", inode->target);
		buffer_text(text, inode->implied ? "! " : " ");
		if (inode->type == TAR_FOLDER)
			print_folder(tree, inode, path, text);
	}
}

/* The tree that the layers (words, up to NULL) give, or the error. */
static int merge(const char *const *layers, struct buffer *text)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct tree tree;
	int r = 0;

	tree_begin(&tree, &arena);
	for (; r >= 0 && layers[tree.layer]; tree.layer++)
		r = apply_words(&tree, layers[tree.layer]);
	if (r >= 0)
		print_folder(&tree, tree.root, "", text);
	tree_end(&tree);
	return r;
}

static void check_tree(const char *name, const char *const *layers, const char *wanted)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r = merge(layers, &text);

	CHECK(r == 0, "%s: %s", name, error_text(r));
	CHECK_TEXT(text.data ? text.data : "", wanted, name);
}

static void check_refused(const char *name, const char *const *layers, const char *why)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r = merge(layers, &text);

	CHECK(r == -EBADMSG && strstr(error_text(r), why) && !strncmp(error_text(r), "entry \"", 7),
		"%s is refused: %s", name, error_text(r));
}

#define LAYERS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void test_layers(void)
{
	check_tree("one layer", LAYERS("d:./ d:./a/ f:./a/x f:y"), "/a /a/x:1 /y:1 ");
	check_tree("missing parents", LAYERS("f:a/b/c"), "/a! /a/b! /a/b/c:1 ");
	check_tree("a parent that comes late", LAYERS("f:a/c d:a/"), "/a /a/c:1 ");
	check_tree("absolute names are below the root", LAYERS("f:/etc/x"), "/etc! /etc/x:1 ");
	check_tree("a file in place of a lower one", LAYERS("f:a f:b", "f:a"), "/a:2 /b:1 ");
	check_tree("a file in place of a folder", LAYERS("f:a/x f:a/y", "f:a"), "/a:2 ");
	check_tree(
		"a folder in place of a link", LAYERS("d:b/ s:a>b", "d:a/ f:a/x"), "/a /a/x:2 /b ");
	check_tree("a folder twice keeps what it has", LAYERS("d:a/ f:a/x", "d:a/"), "/a /a/x:1 ");
	check_tree("the last of one name counts", LAYERS("f:a s:a>z"), "/a>z ");
}

static void test_whiteouts(void)
{
	check_tree("a whiteout", LAYERS("f:a/x f:a/y", "f:a/.wh.x"), "/a! /a/y:1 ");
	check_tree("a whiteout of a folder", LAYERS("f:a/x f:b", "f:.wh.a"), "/b:1 ");
	check_tree("a whiteout of nothing there", LAYERS("f:b", "f:q/.wh.a"), "/b:1 ");
	check_tree(
		"a whiteout spares its own layer", LAYERS("f:a f:b", "f:a f:.wh.a"), "/a:2 /b:1 ");
	check_tree(
		"a whiteout before the new one", LAYERS("f:a/x", "f:.wh.a f:a/y"), "/a! /a/y:2 ");
	check_tree(
		"a whiteout behind the new one", LAYERS("f:a/x", "f:a/y f:.wh.a"), "/a! /a/y:2 ");
	check_tree("opaque", LAYERS("f:a/x f:a/b/y", "d:a/ f:a/.wh..wh..opq f:a/z"), "/a /a/z:2 ");
	check_tree("opaque comes last", LAYERS("f:a/x f:a/b/y", "f:a/b/z f:a/.wh..wh..opq"),
		"/a! /a/b! /a/b/z:2 ");
	check_tree("opaque root", LAYERS("f:a f:b/c", "f:.wh..wh..opq f:n"), "/n:2 ");
	check_tree("AUFS' own", LAYERS("f:.wh..wh.plnk/1.2 f:.wh..wh.aufs f:a"), "/a:1 ");
}

static void test_links(void)
{
	check_tree("hard links", LAYERS("f:a h:b>a h:c>./b"), "/a:1*3 /b:1*3 /c:1*3 ");
	check_tree("to a lower layer's file", LAYERS("f:a", "h:b>/a"), "/a:1*2 /b:1*2 ");
	check_tree("one name is replaced", LAYERS("f:a h:b>a", "f:a"), "/a:2 /b:1 ");
	check_tree("to itself", LAYERS("f:a h:a>a"), "/a:1 ");
	check_tree("to a symlink", LAYERS("s:a>x h:b>a"), "/a*2>x /b*2>x ");
	check_tree("below a lower layer's link", LAYERS("d:usr/lib/ s:lib>usr/lib", "f:lib/x"),
		"/lib>usr/lib /usr! /usr/lib /usr/lib/x:2 ");
	check_tree("below a lower layer's absolute link: in the image's root",
		LAYERS("d:run/ s:var/run>/run", "f:var/run/x"),
		"/run /run/x:2 /var! /var/run>/run ");
	check_tree("links are never followed as the last component",
		LAYERS("s:a>/etc/passwd", "f:a"), "/a:2 ");
}

static void test_hostile(void)
{
	check_refused("..", LAYERS("f:../x"), "\"..\"");
	check_refused(".. inside", LAYERS("f:a/../../x"), "\"..\"");
	check_refused(".. at the end", LAYERS("d:a/.."), "\"..\"");
	check_refused("below an absolute link", LAYERS("s:a>/etc f:a/passwd"), "out of the layer");
	check_refused(
		"below a link that climbs", LAYERS("s:a>../../etc f:a/x"), "out of the layer");
	check_refused("below a lower link that climbs", LAYERS("s:a>../etc", "f:a/x"),
		"out of the layer");
	check_refused("a chain of links", LAYERS("d:d/ s:d/up>.. s:a>d/up/up2 s:up2>/etc f:a/x"),
		"out of the layer");
	check_refused("a chain that climbs", LAYERS("d:d/ s:d/u>.. s:e>d/u/.. f:e/x"),
		"out of the layer");
	check_refused("a circle", LAYERS("s:a>b s:b>a f:a/x"), "circle");
	check_refused("hard link to ..", LAYERS("h:a>../etc/passwd"), "\"..\"");
	check_refused(
		"hard link through a link", LAYERS("s:a>/etc h:b>a/passwd"), "out of the layer");
	check_refused("hard link to nothing", LAYERS("h:a>b"), "not there");
	check_refused("hard link to a folder", LAYERS("d:b/ h:a>b"), "is a folder");
	check_refused("whiteout through ..", LAYERS("f:x", "f:../.wh.x"), "\"..\"");
	check_refused("whiteout of ..", LAYERS("f:a/x", "f:a/.wh..."), "nothing");
	check_refused("whiteout of nothing", LAYERS("f:a/x f:a/.wh."), "nothing");
	check_refused("below a file", LAYERS("f:a f:a/x"), "no folder");
	check_refused("the root as a file", LAYERS("f:./"), "root is no folder");
}

static void test_depth(void)
{
	_cleanup_arena_ struct arena arena = { 0 };
	struct tar_entry entry = { .type = TAR_FILE, .target = "" };
	char path[6000];
	struct tree tree;

	tree_begin(&tree, &arena);
	memset(path, 'x', sizeof(path));
	path[256] = '\0';
	entry.path = path;
	CHECK(tree_apply(&tree, &entry) == -EBADMSG, "a name of 256 bytes");
	path[255] = '\0';
	CHECK(tree_apply(&tree, &entry) == 0, "a name of 255 bytes");
	for (size_t i = 0; i < sizeof(path) - 2; i += 2)
		memcpy(path + i, "d/", 2);
	path[sizeof(path) - 2] = '\0';
	CHECK(tree_apply(&tree, &entry) == -EBADMSG, "a way of 6,000 bytes");
	tree_end(&tree);
}

/* The same entries in another order and other tables give the same index. */
static void test_same_bytes(void)
{
	static const char *const orders[] = { "f:a/x f:a/y d:a/ f:b s:l>t h:h>b d:c/d/",
		"d:c/d/ d:a/ s:l>t f:b f:a/y h:h>b f:a/x" };
	struct buffer images[2] = { { 0 }, { 0 } };
	const struct erofs_device device = { .size = 1024 };

	for (int i = 0; i < 2; i++) {
		_cleanup_arena_ struct arena arena = { 0 };
		struct tree tree;

		tree_begin(&tree, &arena);
		CHECK(apply_words(&tree, orders[i]) == 0, "order %d", i);
		CHECK(erofs_write(&tree, &device, 1, false, &images[i]) == 0, "written");
		tree_end(&tree);
	}
	CHECK(images[0].length == images[1].length && images[0].length % 512 == 0 &&
			!memcmp(images[0].data, images[1].data, images[0].length),
		"the same bytes: %zu", images[0].length);
	buffer_free(&images[0]);
	buffer_free(&images[1]);
}

int main(void)
{
	test_layers();
	test_whiteouts();
	test_links();
	test_hostile();
	test_depth();
	test_same_bytes();
	return test_end();
}
