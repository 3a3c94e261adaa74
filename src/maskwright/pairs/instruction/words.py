"""The words that rules know: closed classes, and short lists of open ones.

Our own lists, of words one meets in instructions for editors of pictures. A word that is missing costs a
distinction, never an error.
"""

from __future__ import annotations


def wordset(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


def openings(text: str) -> tuple[str, ...]:
    """What sentences begin with, with a comma between one and the next."""
    return tuple(text.split(", "))


ARTICLES = wordset("a an the")
DEMONSTRATIVES = wordset("this that these those")
POSSESSIVES = wordset("his her its their my your our")
NUMBERS = wordset("two three four five six seven eight nine ten eleven twelve dozen several many few")
INDEFINITE = wordset("a an another some more any one additional extra multiple") | NUMBERS
DETERMINERS = (
    ARTICLES | DEMONSTRATIVES | POSSESSIVES | INDEFINITE | wordset("all both each every whole entire")
)
PERSONS = wordset(
    "him her them he she they somebody himself herself themselves everyone everybody someone me"
)
READERS = wordset("i i'm i've i'll i'd you your yours you're yourself we we're us our ours ourselves myself")
"""Who speaks of these speaks to somebody, and seldom of a picture."""
PLACING = wordset(
    "in on at inside into onto within underneath under beneath above over atop upon outside across"
)
BESIDE = wordset(
    "beside near behind between around along against by next beyond below alongside amid among towards"
)
PREPOSITIONS = (
    PLACING
    | BESIDE
    | wordset(
        "of with from to for like as through up down off out toward about after before without during via per"
    )
)
JOINTS = wordset("that which who whose where while so because when if until instead but although since such")
"""Words that a plain noun phrase ends before."""
LOOSE = wordset(
    "too also please never ever not always instead now again there here together completely entirely well"
    " just then be being is are was were to and or with of in on at by for from into as like the a an it"
    " so very more"
)
"""Words that no concept ends with."""
BE = wordset("be is are was were being")
HAVE = wordset("have has had having")
MODALS = wordset("should must shall ought")
WRITING = wordset("say says said read reads spell spells")
VANISHING = wordset("disappear vanish")
TURNING = wordset("become becomes became turn turns turned transform change morph")
# Verbs that are hardly ever nouns of a picture, in the forms that follow let, have, make, should, what if.
STRONG = (
    BE
    | HAVE
    | VANISHING
    | wordset(
        "become wear wears wore hold holds held sit sits sat eat eats ate throw carry carries appear"
        " contain chase laugh frown kneel lean sleep swim sing sings bark howl grow hang say says said"
        " spell spells get go come seem remain becomes became give bring keep lie lies lay put catch pull"
        " push bite lick chew sniff bow crouch squat crawl climb drive write stare gaze glance scream"
        " shout yell growl roar weep blush pray speak talk fight fall melt float glow shine burn explode"
        " transform include feature represent resemble stretch bend spread raise lift lower open close"
        " wink yawn sneeze grin cheer clap meditate exercise celebrate perform juggle wait belong consist"
        " follow hide enjoy take do pour spin pet feed serve sell buy read reads"
    )
)
# Verbs that are nouns as often: taken for verbs where nothing speaks against it.
WEAK = wordset(
    "look looks looked stand stands stood smile smiles run runs walk walks jump jumps fly flies dance"
    " dances play plays drink drinks ride rides rode cry cries wave waves turn turns turned change move"
    " moves show shows face faces point points kiss hug fish watch swing surf ski skate rest set rise stop"
    " park cross cover light cook sail row race kick hit punch swallow lead paint draw hunt dive slide"
    " shake touch hold use drop drool pose strike stick crash roll bounce graze drift land dress style age"
    " break crack bloom flip smoke lounge camp shop call text type post dream fade form display flow"
)
COLOURS = wordset(
    "red orange yellow green blue purple violet indigo pink brown black white grey gray beige tan cream"
    " gold golden silver bronze turquoise teal cyan magenta maroon navy olive lavender crimson scarlet"
    " burgundy peach coral mint khaki amber ivory charcoal aqua lilac fuchsia rainbow multicolored"
    " colorful colourful blond blonde brunette ginger redhead auburn colored coloured neon pastel bright"
    " dark light pale deep vivid"
)
MATERIALS = wordset(
    "wood wooden marble metal metallic stone brick bricks glass gold golden silver bronze copper steel"
    " iron brass plastic paper cardboard leather denim silk cotton wool woolen velvet lace fur concrete"
    " cement clay ceramic porcelain granite bamboo chrome crystal diamond diamonds ice jade lego carpet"
    " tile tiled tiles straw wicker rubber foam linen felt yarn origami sand rusty rust gravel grass"
    " hardwood laminate vinyl chocolate candy"
)
PATTERNS = wordset(
    "striped stripes plaid checkered polka-dot spotted dotted floral camouflage camo paisley patterned"
    " leopard zebra-print"
)
SIZES = wordset(
    "big bigger biggest small smaller tiny large larger huge giant gigantic tall taller short shorter"
    " long longer wide wider narrow narrower thick thicker thin thinner fat fatter slim slimmer skinny"
    " muscular obese miniature enormous oversized massive chubby high higher low lower deeper"
)
OF_THINGS = COLOURS | MATERIALS | SIZES | PATTERNS
"""What is said of a thing, not of all of a picture."""
ADJECTIVES = OF_THINGS | wordset(
    "happy happier sad sadder angry angrier surprised scared afraid excited tired sleepy bored"
    " confused shocked serious worried nervous disgusted proud evil scary creepy cute pretty beautiful"
    " handsome ugly old older young younger new newer modern ancient vintage antique retro futuristic"
    " rustic elegant fancy luxurious fluffy furry hairy bald curly straight wavy shaggy smooth rough"
    " shiny glossy matte transparent translucent opaque empty full open closed broken cracked dirty"
    " clean messy tidy wet dry rotten ripe fresh burnt toasted raw cooked sliced peeled cut folded"
    " crumpled torn round square triangular oval rectangular circular flat curved sharp blurry blurred"
    " hot cold warm cool frozen fast slow dead alive asleep awake naked pregnant sick healthy rich"
    " poor male female human robotic mechanical electric fake real realistic abstract upright"
    " upside-down sideways bigger brighter darker lighter warmer cooler visible invisible horizontal"
    " vertical reversed lit snowy rainy foggy cloudy sunny stormy muddy dusty sandy rocky grassy"
    " crowded busy quiet spooky magical glowing burning melting floating different better worse nicer"
    " natural professional formal casual glamorous gothic punk dramatic dynamic vibrant saturated"
    " elderly teenage drunk lush barren overgrown abandoned ruined damaged bloody wrinkled freckled"
    " bearded bushy fuzzy spiky edible delicious spicy cheesy crispy juicy colder hotter calm choppy"
    " ornate plain simple decorative whole grumpy hungry thirsty lonely shy rainbow-colored"
)
ADVERBS = wordset(
    "very more less much slightly really extremely super so even too somewhat all bit lot completely"
)
CLOTHES = wordset(
    "suit tuxedo dress shirt t-shirt tshirt jacket coat hoodie sweater uniform costume hat cap helmet"
    " crown bikini swimsuit jeans pants shorts skirt kimono robe gown outfit clothes clothing armor"
    " pajamas tie vest apron scarf gloves boots shoes sunglasses glasses mask blouse leggings socks"
    " raincoat wetsuit tutu"
)
FACES = wordset(
    "smile smiles grin frown beard mustache moustache freckles makeup make-up lipstick blush wrinkles"
    " tears dimples expression tan haircut bangs"
)
"""Put on somebody, they change how that one looks."""
BODY = wordset(
    "hair eyes eye mouth hand hands arm arms leg legs head face nose ear ears tail wings wing teeth"
    " tongue lips eyebrows skin fur body"
)
LOOKS = wordset(
    "color colour colors colours material texture pattern shape size expression pose posture hairstyle"
    " haircut emotion age gender look design print fabric outfit clothes clothing mood action"
)
"""Properties: what is changed is what has them."""
PICTURES = wordset(
    "image picture photo photograph pic scene shot artwork painting drawing everything it frame view"
    " composition illustration render canvas photos landscape this overall portrait sketch"
)
"""Words for all of the picture."""
TONES = wordset(
    "weather season lighting light style mood atmosphere theme tone tones contrast brightness saturation"
    " exposure filter hue vibe aesthetic sharpness quality resolution colors colours palette temperature"
    " scheme ambiance clarity vibrance noise grain medium daytime vignette"
)
"""Properties of all of the picture."""
TIMES = wordset(
    "snowy rainy sunny cloudy foggy stormy misty windy overcast hazy wintry autumnal winter summer spring"
    " autumn fall night nighttime night-time day daytime day-time dusk dawn sunset sunrise twilight"
    " evening morning midnight noon midday afternoon snow snows rain rains snowing raining snowed rained"
    " storm thunderstorm fog mist haze blizzard foggier rainstorm snowstorm moonlight moonlit sunlit"
    " daylight halloween christmas apocalypse apocalyptic post-apocalyptic dystopian medieval victorian"
    " springtime summertime wintertime nightfall thundering lightning hailing drizzle drizzling"
)
"""Weather, season, time of day and age."""
MEDIA = wordset(
    "painting watercolor watercolour sketch cartoon anime manga drawing mosaic pencil comic impressionist"
    " impressionism cubist cubism cyberpunk steampunk vintage sepia monochrome grayscale greyscale noir"
    " photorealistic realistic hdr hand-drawn cinematic claymation engraving woodcut ukiyo-e gothic"
    " renaissance baroque surrealist surrealism surreal expressionist pointillism pointillist disney pixar"
    " ghibli minecraft vaporwave lego origami illustration render 3d 2d pixel pixelated pixelart charcoal"
    " pastel crayon ink oil acrylic doodle caricature collage poster blueprint lineart polaroid"
    " daguerreotype negative fresco tapestry etching lithograph linocut silhouette stained emboss"
    " psychedelic retro futuristic abstract minimalist minimalistic art-deco pop-art photograph cartoonish"
    " painterly embroidery papercut impasto graffiti stencil hologram x-ray b&w artistic dreamy moody"
    " dramatic ethereal warm cool warmer cooler brighter darker lighter sharper blurry blurred colorful"
    " colourful vibrant vivid saturated desaturated dark bright old-fashioned film selfie movie"
)
"""Art forms, and how all of a picture may look."""
MEDIUM_NOUNS = wordset(
    "watercolor watercolour sketch cartoon anime manga mosaic comic illustration render caricature"
    " blueprint etching engraving woodcut claymation lineart doodle style silhouette emoji"
)
ART_NOUNS = MEDIUM_NOUNS | wordset(
    "painting drawing art photograph photo collage poster polaroid tapestry fresco graffiti sculpture"
    " statue embroidery"
)
MAKERS = wordset(
    "gogh monet picasso rembrandt dali warhol klimt hokusai munch matisse cezanne vermeer kandinsky"
    " banksy pollock botticelli caravaggio michelangelo ghibli disney pixar vinci hopper magritte seurat"
    " basquiat"
)
PLACES = wordset(
    "beach forest desert city street park mountain mountains ocean sea lake river jungle garden field"
    " farm space moon mars studio office kitchen bedroom bathroom restaurant museum stadium castle church"
    " school classroom library airport station train bus subway zoo snow water sky underwater island"
    " village town paris london tokyo york rome china japan egypt hawaii antarctica africa room stage"
    " hotel hospital supermarket store gym cave canyon valley volcano waterfall swamp meadow savanna"
    " playground factory warehouse spaceship temple palace countryside road highway bridge alley market"
    " mall barn pool cafe bar hill prairie outdoors indoors outside inside"
)
BACKGROUNDS = wordset(
    "background backdrop scenery setting surroundings environment location backgrounds place venue scene"
)
SIGNS = wordset(
    "sign signs text word words letters letter title caption slogan label logo number license plate"
    " banner billboard poster lettering writing message headline price date inscription watermark name"
    " quote font"
)
"""What carries writing."""
NO_ADJECTIVES = wordset(
    "table stable cable vegetable olive native archive radish finish goldfish starfish jellyfish rubbish"
    " polish varnish handful armful mouthful hundred thoroughbred shed sled bread cooler dryer"
)
"""Things that end like adjectives."""
MADE = wordset("made built worn hung seen drawn written shown set taken held grown")
"""Participles that do not end in -ed."""
ING_NOUNS = wordset(
    "building painting ceiling wing ring king thing clothing awning lightning railing evening morning"
    " wedding swing spring pudding dressing icing frosting stuffing earring drawing parking swimming sling"
    " sibling duckling dumpling herring lighting crossing landing writing lettering bedding filling"
    " topping stocking legging viking sing bring fling cling sting being seasoning housing flooring"
    " carving living dining cutting shopping boxing racing skating sailing fishing cooking baking serving"
    " steering sewing washing something nothing everything anything setting gosling sapling darling"
    " feeling lining ping"
)
UNSEEN = wordset(
    "account password subscription order cart email e-mail mail file files folder code function variable"
    " column database meeting appointment subject topic mind law laws rules rule address plan plans"
    " schedule job life past policy battery batteries channel gear settings tab paragraph sentence"
    " sentences comma playlist song songs contact app software version config api branch deadline"
    " reservation budget article essay poem story report spreadsheet invoice payment discount priority"
    " status username user users request task tasks calendar reminder alarm volume music world reply"
    " comment comments question questions answer answers difference attention sense idea ideas decision"
    " habit habits opinion theory evidence time money fun love sure progress mistake mistakes effort point"
    " points value values data link url string array list index parameter argument loop query server wifi"
    " wi-fi internet kernel tax taxes truth rest way fact facts matter problem problems issue issues"
    " proposal chapter slide agenda conversation government economy company project vote benefits"
    " insurance contract lease method dependency dependencies cache history doubt fear stress pain anxiety"
    " ambition tense noun verb prefix suffix document documents spaces whitespace attitude insult support"
    " logging pressure courage times basics performance features error directory speech duplicates test"
    " tests type goal goals success failure happiness energy power health career skills peace hope freedom"
    " occurrences outliers lives record records"
)
"""What no picture shows: whoever acts on it edits something else."""
ELSEWHERE = wordset(
    "stir whisk tablespoon tablespoons teaspoon teaspoons tbsp tsp simmer preheat mixture minutes ounces"
    " grams tomorrow yesterday tonight weekly monday tuesday wednesday thursday friday saturday sunday"
    " o'clock variable python javascript java sql array int boolean integer equation config regex json css"
    " html loan vat backup commit imports pdf zip usb gb mb kilometers miles excel database server"
    " spreadsheet subscription password http https www click login download upload install deadline asap"
    " whenever forever nobody anymore been whatever"
)
"""Words of recipes, calendars and programs: where one stands, no picture is edited."""
IDLE = wordset(
    "know go in out down alone off think decide help explain understand finish try wait begin start count"
    " happen work rip pass slide through introduce see tell ask check take get come quick clear up over"
)
"""What follows `let it` or `make it` where nothing is edited."""
IDIOMS = wordset(
    "seat look day time night weekend trip break fun rest chat talk try nap blast word call hand idea go"
    " birthday evening morning holiday conversation problem deal lunch breakfast dinner"
)
"""What one gives, has or makes without editing anything."""
RANKS = wordset("right same first best final next last new only other second third most whole main")
"""What a noun must follow: never the thing itself."""
WAYS = wordset(
    "left right up down closer forward back backwards away higher lower center centre middle front"
    " further farther around clockwise counterclockwise upside sideways horizontally vertically"
)
"""Where things are moved and how they are turned."""
LAMPS = wordset(
    "light lights lamp lamps headlights candles fireplace stove lantern television tv screen monitor"
)
NOUNS_TOO = wordset(
    "dress fish light ski surf crash row sail swing watch drink kiss punch skate slide style text form"
    " post paint fall spring hide"
)
"""Verbs that are nouns where something is changed to them."""
MEASURES = wordset("size length height width number amount brightness color colour intensity volume")
"""What may grow or shrink of a thing."""
EFFECTS = wordset("filter effect style look feel tint tone blur vignette preset treatment vibe")
"""What all of a picture is given."""
LINES = wordset("text words word caption title")
"""What stands before that which is written."""
HAIR = wordset("hair hairstyle skin fur beard")
"""Of somebody, whatever it is changed to."""
STATES = wordset("fire flames love motion bloom focus")
"""What one is in or on without being elsewhere."""
OPENED = wordset(
    "door doors window windows curtain curtains blinds umbrella umbrellas box book books laptop drawer"
    " drawers gate cabinet suitcase trunk hood lid bag jar fridge oven candle candles lamp lamps lantern"
    " torch fireplace flag sail napkin blanket towel sleeves zipper"
)
"""What is opened, raised, folded or lit where a picture is edited; a body's parts are, too."""
TURNS = wordset("degrees clockwise counterclockwise upside sideways horizontally vertically left right")
"""How a thing is turned that is only called `it`."""
SOMEBODY = wordset("someone somebody")
"""Persons that nobody has seen yet."""
SEVERAL = wordset("people men women children sheep geese cattle police")
"""Plurals without an s."""
