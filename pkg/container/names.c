/* Names for containers that were given none: a quality and a bird, "quiet_heron". */
#include "names.h"
#include "base/auto.h"
#include "base/rand.h"

#include <stdio.h>

static const char *const qualities[] = {
    "able",    "agile",	 "alert",   "ample",  "apt",	"bold",	   "brave",  "brisk",	"bright",
    "calm",    "candid", "careful", "cheery", "clean",	"clear",   "clever", "cosy",	"crisp",
    "curious", "daring", "deft",    "eager",  "early",	"earnest", "easy",   "even",	"exact",
    "fair",    "fast",	 "fine",    "firm",   "fleet",	"fond",	   "frank",  "free",	"fresh",
    "gentle",  "glad",	 "golden",  "good",   "grand",	"handy",   "happy",  "hardy",	"honest",
    "humble",  "jolly",	 "keen",    "kind",   "lively", "loyal",   "lucid",  "lucky",	"merry",
    "mild",    "modest", "neat",    "nimble", "noble",	"patient", "placid", "plain",	"polite",
    "prompt",  "proud",	 "quick",   "quiet",  "ready",	"robust",  "sane",   "serene",	"sharp",
    "silent",  "simple", "sober",   "solid",  "sound",	"spry",	   "stable", "steady",	"sturdy",
    "subtle",  "sunny",	 "supple",  "swift",  "tidy",	"trusty",  "upbeat", "upright", "vivid",
    "warm",    "wary",	 "whole",   "wise",   "witty",	"zesty",
};

static const char *const birds[] = {
    "avocet",	 "bittern",    "bluetit",   "bunting",	"buzzard",  "chough",	  "condor",
    "coot",	 "crane",      "crossbill", "cuckoo",	"curlew",   "dipper",	  "dotterel",
    "dove",	 "dunlin",     "dunnock",   "eagle",	"egret",    "eider",	  "falcon",
    "fieldfare", "finch",      "fulmar",    "gadwall",	"gannet",   "godwit",	  "goldcrest",
    "goose",	 "goshawk",    "grebe",	    "gull",	"harrier",  "heron",	  "hobby",
    "hoopoe",	 "ibis",       "jackdaw",   "jay",	"kestrel",  "kingfisher", "kite",
    "kittiwake", "knot",       "lapwing",   "lark",	"linnet",   "magpie",	  "mallard",
    "martin",	 "merlin",     "nightjar",  "nuthatch", "oriole",   "osprey",	  "ouzel",
    "owl",	 "partridge",  "pelican",   "petrel",	"pheasant", "pintail",	  "pipit",
    "plover",	 "pochard",    "puffin",    "quail",	"rail",	    "raven",	  "redshank",
    "redstart",	 "redwing",    "robin",	    "rook",	"ruff",	    "sanderling", "scaup",
    "serin",	 "shearwater", "shrike",    "siskin",	"skua",	    "snipe",	  "sparrow",
    "starling",	 "stilt",      "stonechat", "stork",	"swallow",  "swan",	  "teal",
    "tern",	 "thrush",     "turnstone", "wagtail",	"warbler",  "wheatear",	  "whimbrel",
    "wigeon",	 "wren",       "wryneck",
};

const char *random_name(unsigned attempt, char out[RANDOM_NAME_MAX])
{
	const char *quality, *bird;
	unsigned short r[2];

	rand_bytes(r, sizeof(r));
	quality = qualities[r[0] % ARRAY_LEN(qualities)];
	bird = birds[r[1] % ARRAY_LEN(birds)];
	/* A crowded store: after a few collisions, a number makes room. */
	if (attempt < 3)
		(void)snprintf(out, RANDOM_NAME_MAX, "%s_%s", quality, bird);
	else
		(void)snprintf(out, RANDOM_NAME_MAX, "%s_%s%u", quality, bird, r[0] % 1000U);
	return out;
}
