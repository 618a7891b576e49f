"""Non-answers: stock phrases, numbers and keyboard mash say nothing; short opinions do; the question decides."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.language.nonanswers import is_non_answer, non_answer_kind, stock_phrases
from feedback_nlp.language.questions import question_polarity, read_question
from feedback_nlp.records import NON_ANSWER_KINDS

SIX = ("en", "ro", "ru", "it", "ar", "pl")

# language -> kind -> answers to a question that asks for nothing in particular
NON_ANSWERS: dict[str, dict[str, str]] = {
    "en": {
        "nothing": "none|None!!|NOTHING|no comment|No comments.|nothing to add|Nothing to add at this time, thanks|"
        "I don't know|dont know|not sure|nope|nothing really|can't think of anything right now|see above|no, none|"
        "Same as above|I honestly have no idea|nothing comes to mind|No suggestions.|thx|Thank you so much!|idk|"
        "nothing else to add from my side|prefer not to say|no further comments|dunno|not that I can think of|nuthin|"
        "None that I know of|Hard to say|yes|No, thank you|hmm, no|haven't any|couldn't say",
        "not_applicable": "N/A|n.a.|N/A.|not applicable|does not apply|Not relevant|N.A!|n / a|doesn't apply to me",
        "generic": "ok|Good|ok, thanks|Good good good|yes, good|Excellent|terrible|AWESOME!!!|Poor.|okay|"
        "Thanks, great|disaster|gud",
        "noise": "asdf|qwerty|asdasd|test|sdfgsdfgh|x|xxx|blah blah blah|lkjhgf|jjjj",
    },
    "ro": {
        "nothing": "nimic|Nu am.|nu am nimic de adăugat|nu am nimic de adaugat|Nu știu|nu stiu|niciunul|"
        "Nimic deocamdată, mulțumesc|nu|habar nu am|nu am comentarii|idem|NIMIC!!!|momentan nimic|nu am ce spune|Nush|"
        "n-am idee|Fara comentarii.|nu am sugestii|nicio observatie|nimic in plus|mersi|vă mulțumesc|"
        "greu de spus|nu-mi amintesc|vezi mai sus|nu, nimic|nu imi vine nimic in minte|habar n-am|"
        "prefer sa nu raspund|cred ca nimic|sincer, nimic|Nici una|nimic concret",
        "not_applicable": "nu e cazul|Nu este cazul.|N/A|nu se aplica|nu se aplică|nu a fost cazul|na",
        "generic": "bine|ok|Bun.|excelent|Super!!!|slab|groaznic|ok, mersi|nașpa|naspa",
        "noise": "asdf|qwerty|test|xxxx|dfgdfg|hjkl",
    },
    "ru": {
        "nothing": "нет|Ничего|ничего не могу сказать|Без комментариев|не знаю|затрудняюсь ответить|пока ничего|"
        "нечего добавить|нет предложений|хз|нету|НЕТУ!!|пока нет|Нет, спасибо|ничё|ниче|незнаю|без коментариев|"
        "замечаний нет|предложений нет|не помню|трудно сказать|см. выше|то же самое|Спасибо!|у меня нет вопросов|"
        "Ничего, честно говоря|на данный момент нет|не хочу отвечать|без понятия|да|неа|ничего конкретного|все равно|"
        "пожеланий пока нет|ничего не приходит в голову|затрудняюсь|вроде нет|больше ничего",
        "not_applicable": "н/д|нет данных|не применимо|Не актуально|меня не касается|не относится ко мне",
        "generic": "нормально|хорошо, спасибо|отлично|Супер!|ужасно|норм|кошмар|хорошооо|плохо",
        "noise": "фывапр|ыыыы|тест|йцукен|asdf|ааааа",
    },
    "it": {
        "nothing": "niente|Nulla|nessuno|Nessun commento|niente da aggiungere|non so|non saprei|Per ora niente|boh|"
        "nessun suggerimento|nulla di particolare|nulla da segnalare|Nulla da segnalare, grazie|no|non lo so|nn so|"
        "Nessuna osservazione.|niente in particolare|al momento nulla|non ricordo|come sopra|idem|grazie mille|mah|"
        "preferisco non rispondere|non ho suggerimenti|non mi viene in mente nulla|per il momento no|non ho idea|"
        "direi di no|nient'altro|NIENTE!!|nessuna idea|non ho altro da aggiungere|vedi sopra|no grazie|"
        "sinceramente niente|senza commenti",
        "not_applicable": "n.d.|non applicabile|N/A|non pertinente|non mi riguarda|non è il mio caso",
        "generic": "ok, grazie|va bene|Bene|ottimo|pessimo!|buonissimo|Perfetto.|orribile|bello|disastro",
        "noise": "asdf|prova|qwerty|xxx|sdfghj|aaaa",
    },
    "ar": {
        "nothing": "لا شيء|لا يوجد|لا تعليق|لا توجد ملاحظات|لا أعرف|لا اعرف|لا يوجد حالياً|ما في|مفيش|شكرا|بدون تعليق|"
        "ما عندي شي|ولا حاجة|مفيش حاجة|ولا شي|مافي شي|ماكو|ماكو شي|والو|ما كاين والو|معرفش|مش عارف|مدري|ما بعرف|"
        "لا شيء حاليا، شكرا|ليس لدي تعليق|معنديش|ما عنديش|لا أدري|لا|لاااا|نفس الشيء|كما ذكرت أعلاه|لا أتذكر|"
        "والله ما في شي|بصراحة مفيش|ليس لدي أي فكرة|أفضل عدم الإجابة|معلاباليش|mafi|mafish|wala 7aga|ma3rafsh|walou",
        "not_applicable": "لا ينطبق|غير متوفر|لا توجد بيانات|لا يخصني|N/A",
        "generic": "تمام|جيد شكرا|ممتاز|راااائع|كويس|زين|منيح|مزيان|سيء|عادي|tamam|kwayes",
        "noise": "شسيبل|بببب|اختبار|asdf|ضصثق",
    },
    "pl": {
        "nothing": "nic|brak|Brak uwag|nie mam|nie mam zdania|Nie wiem|bez komentarza|nic do dodania|na razie brak|"
        "trudno powiedzieć|żadnych|bez uwag|BEZ UWAG|nie|nie mam uwag|Nic szczerze mówiąc|raczej nic|nwm|niewiem|"
        "nie pamiętam|jak wyżej|j.w.|to samo|dziękuję|Dziekuje bardzo|nic mi nie przychodzi do głowy|brak komentarza|"
        "póki co nic|wolę nie odpowiadać|ciezko powiedziec|brak sugestii|nie mam pojęcia|nic konkretnego|obojętne|"
        "chyba nic|nic więcej|uwag brak|odmowa odpowiedzi|nie mam nic do dodania, dziękuję",
        "not_applicable": "nie dotyczy|Nie dotyczy.|n/d|nd|brak danych|nie ma zastosowania",
        "generic": "w porządku|dobrze|Super!!|źle|fatalnie|spoko|ok, dzięki|swietnie|tragedia",
        "noise": "asdf|test|qwerty|xxx|dfghj|mmmm",
    },
}
ANSWERS = {
    "en": "slow|no refunds|No internet for a week|nothing works|not good value|The price|ok but slow|everything|"
    "none of the staff helped|Nothing! It was perfect!|customer service|too expensive|I know nothing about the fees|"
    "It is okay I guess.|All fine so far.|very good|It's good|no good|nothing good|it was ok|not good|No one answers|"
    "no response from support|Nothing special|never again|good service|best app|like it|I've had no problems|waiting|"
    "no parking|good staff|nobody was at the desk|bad wifi|no side effects|not bad|ask Maria|Update|cheaper|no help|"
    "not for me|worse than before|the test was hard|7 days late|nothing to do with kids|none left in stock|Good value",
    "ro": "scump|nimic nu merge|nu am internet de o săptămână|livrarea|nu răspunde nimeni la telefon|bun dar scump|"
    "Deocamdată e bine.|deocamdata e bine|E ok, nimic deosebit.|Așa și așa.|foarte bun|nimic bun|totul e ok|totul|"
    "Nimic de reproșat|fără probleme|nu recomand|recomand|merită banii|nu mai funcționează|personalul|prețul|parcarea|"
    "nu prea bun|nimeni nu ajută|nu am parcare|nu pentru mine|mâncare rece|curierul a întârziat|nemulțumit|cald|"
    "aplicația se blochează|curat|fără apă caldă|nu am curent|aștept de două zile|nu e gustos|prea mult zgomot|"
    "nu știu unde să plătesc|slab la baterie|ok pentru preț|nici o reducere|nu vin la timp|bun și ieftin",
    "ru": "дорого|нет интернета|ничего не работает|не знаю куда платить|хорошо, но дорого|очереди|В целом нормально.|"
    "всё хорошо|очень хорошо|не хорошо|всё в порядке|всё|всё понравилось|не очень|никто не отвечает|нет связи|"
    "нет воды вторую неделю|без проблем работает|персонал|цена|медленно|грубый кассир|нет парковки|нет скидок|"
    "никогда больше|не для меня|не то|ничего хорошего|не рекомендую|долго ждать|приложение вылетает|вежливые врачи|"
    "претензий нет|холодный суп|шумно|нет лифта|хорошая цена|плохая связь|не доставили|спасибо Анне|нет слов|вкусно",
    "it": "caro|niente funziona|non ho internet da ieri|nessuno risponde al telefono|i prezzi|bene ma lento|tutto|"
    "per ora tutto ok|Niente di speciale|così così|molto buono|non va bene|tutto bene|niente parcheggio|mai più|lento|"
    "nessuno sconto|la colazione|personale gentile|non è per me|poco chiaro|troppo rumore|niente acqua calda|consegna|"
    "il prezzo|non risponde nessuno|nessun problema con la consegna|nessun problema|non consiglio|camera piccola|"
    "senza wifi|pacco rotto|non arriva|nulla funziona come prima|sporco|buono il caffè|ottima posizione|meno attesa|"
    "si blocca|no al nuovo menu|non buono",
    "ar": "غالي|لا يوجد إنترنت|لا أحد يرد على الهاتف|بطيء جدا|الأسعار|جيد ولكن غالي|الخدمة عادية|كل شيء تمام|جيد جدا|"
    "لا بأس بها|ماشي الحال|كل شيء|مش حلو|مو زين|مفيش نت|ما في موقف سيارات|الموظفين|السعر|التوصيل متأخر|مش شغال|"
    "لا يعمل|ما حدا بيرد|لا أنصح به|أنصح به|نظيف|الغرفة صغيرة|الأكل بارد|مش كويس|لا يوجد مصعد|ماكو خدمة|تأخير|"
    "مفيش تكييف|خدمة العملاء|شكرا لأحمد|التطبيق يعلق|زحمة|مزيان بصح غالي|ما يستاهل|غير مريح|لا يوجد شيء جيد|"
    "ليس جيدا|قريب من البحر|مش لي",
    "pl": "drogo|nic nie działa|brak internetu|nie mam zasięgu w domu|ceny|dobrze, ale drogo|Może być.|wszystko|"
    "wszystko w porządku|bardzo dobrze|Ogólnie w porządku.|jest ok|nie jest dobrze|nie dla mnie|nikt nie odbiera|"
    "nigdy więcej|brak parkingu|obsługa|cena|długo się czeka|nie polecam|polecam|nic dobrego|bez problemów działa|"
    "brak ciepłej wody|zimna zupa|głośno|brak kontaktu z obsługą|nie bardzo|miły lekarz|czysto|pokój mały|wolno|"
    "nie działa aplikacja|nie ma windy|dobra lokalizacja|brak miejsc|kolejki|źle wydana reszta|zły adres|smacznie|"
    "niezły|dobra kawa|bez smaku",
}  # fmt: skip


def answers(listed: str) -> list[str]:
    return listed.split("|")


@pytest.mark.parametrize("language", SIX)
def test_non_answers_are_told_with_their_kind(language: str) -> None:
    cases = {answer: kind for kind, listed in NON_ANSWERS[language].items() for answer in answers(listed)}
    assert len(cases) >= 40
    assert {answer: non_answer_kind(answer, language) for answer in cases} == cases


@pytest.mark.parametrize("language", SIX)
def test_what_says_something_is_an_answer(language: str) -> None:
    cases = answers(ANSWERS[language])
    assert len(set(cases)) >= 40
    assert {answer: kind for answer in cases if (kind := non_answer_kind(answer, language))} == {}


@pytest.mark.parametrize("language", SIX)
def test_an_undetermined_language_is_tried_in_all_six(language: str) -> None:
    told = answers(NON_ANSWERS[language]["nothing"])
    assert [answer for answer in told if not is_non_answer(answer, "und")] == []


@pytest.mark.parametrize(
    ("language", "nothing", "absent", "generic", "answer"),
    [
        ("de", "nichts", "trifft nicht zu", "gut", "das Bad"),
        ("de", "weiß ich nicht", "entfällt", "schlecht", "alles gut"),
        ("fr", "rien à signaler", "sans objet", "bien", "trop cher"),
        ("es", "nada que agregar", "no aplica", "bueno", "nunca más"),
        ("nl", "geen opmerkingen", "n.v.t.", "prima", "niet voor mij"),
        ("pt", "nada a declarar", "não se aplica", "ótimo", "nunca mais"),
        ("tr", "bilmiyorum", "geçerli değil", "güzel", "güzel değil"),
        ("uk", "нічого", "не стосується", "добре", "немає води"),
        ("cs", "nevím", "netýká se", "dobře", "drahé"),
        ("am", "የለም", "አይመለከተኝም", "ጥሩ", "ጥሩ አይደለም"),
        ("sv", "no comment", "N/A", "ok", "dyrt"),
    ],
)
def test_other_languages_go_through_sensibly(
    language: str, nothing: str, absent: str, generic: str, answer: str
) -> None:
    kinds = [non_answer_kind(text, language) for text in (nothing, absent, generic, answer)]
    assert kinds == ["nothing", "not_applicable", "generic", None]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *(
            (text, "empty")
            for text in ("", "   ", "...", "????", "-", "—", "_____", "<URL_1>", "<URL_1> <PHONE_2>.", "。")
        ),
        *((text, "number") for text in ("7", "10/10", "١٠", "100%", "3,5", "- 42 -", "2023")),
        *((text, "noise") for text in ("asdfghjkl", "qwerty", "фывапр", "aaaa", "x", "lorem ipsum", "м")),
        *((text, "not_applicable") for text in ("N/A", "n.a.")),
        *((text, "empty") for text in ("#NAME?", "#REF!", "\u0301" * 100, "\u200b\u200b", "\u202e")),
    ],
)
def test_marks_numbers_and_mash_say_nothing_in_any_language(text: str, kind: str) -> None:
    assert {non_answer_kind(text, language) for language in (*SIX, "und", "de", "xx")} == {kind}


@pytest.mark.parametrize(
    ("text", "language"),
    [("5 stars", "en"), ("4 out of 5", "en"), ("5 звезд", "ru"), ("4 su 5", "it"), ("5 gwiazdek", "pl"),
     ("5 stele", "ro"), ("5 نجوم", "ar"), ("10 من 10", "ar")],
)  # fmt: skip
def test_a_number_of_stars_is_a_number(text: str, language: str) -> None:
    assert non_answer_kind(text, language) == "number"


@pytest.mark.parametrize(
    "text",
    ["👍", "😡😡😡", ":)", ":-(", "<3", "ok 👍", "👎", "❤️", "))))", "xD", "^_^", "★★★★★",
     "👍🏽👍🏽", "good :)", "thanks 😍", "10/10 🔥"],
)  # fmt: skip
def test_emoji_and_emoticons_are_answers(text: str) -> None:
    assert non_answer_kind(text, "en") is None


def test_a_smile_beside_nothing_adds_nothing() -> None:
    assert non_answer_kind("nothing :)", "en") == "nothing"
    assert non_answer_kind("нет))", "ru") == "nothing"
    assert non_answer_kind("nothing 😊", "en", "What would you change?") == "nothing_to_improve"


def test_words_are_no_mash() -> None:
    words = [
        "were",
        "property",
        "rhythm",
        "https",
        "deer",
        "tree",
        "SMTP",
        "отвёртка",
        "взгляд",
        "smrt",
        "شباب",
        "ههههه",
    ]
    assert [word for word in words if is_non_answer(word, "en")] == []
    assert not is_non_answer("zmrzl čtvrthrst", "cs")
    assert not is_non_answer("g o o d", "en")


def test_english_phrases_count_in_every_language_but_not_its_judgements() -> None:
    assert is_non_answer("N/A", "ro") and is_non_answer("nothing to add", "ar")
    assert not is_non_answer("Bad", "de")  # a bath


def test_a_phrase_of_another_language_is_left_alone() -> None:
    assert is_non_answer("brak", "pl")
    assert not is_non_answer("brak", "en")


def test_a_long_text_is_an_answer_whatever_it_repeats() -> None:
    assert not is_non_answer("nothing " * 40, "en")
    assert non_answer_kind("Lorem ipsum dolor sit amet, " * 10, "en") == "noise"
    assert non_answer_kind("." * 500, "en") == "empty"
    assert non_answer_kind("👍" * 500, "en") is None


# -- questions

IMPROVE = {
    "en": "What could we improve?|What did you like least?|what_improve|whatToImprove|Any problems?|What was missing?|"
    "What did you NOT like?|worst_thing|What would have made your stay better?|Q3_dislikes|Negative review",
    "ro": "Ce am putea îmbunătăți?|Ce nu v-a plăcut?|Ce ați schimba?|ce_lipseste|Ati avut probleme?|Puncte slabe",
    "ru": "Что нам улучшить?|Что не понравилось?|Чего не хватает?|Что бы вы изменили?|Возникали ли проблемы?",
    "it": "Cosa possiamo migliorare?|Cosa non ti è piaciuto?|cosa_cambieresti|Cosa manca?|Ha avuto problemi?",
    "ar": "ماذا يمكننا أن نحسن؟|ما الذي لم يعجبك؟|هل واجهت أي مشكلة؟|ماذا ينقص؟|ما الذي تود تغييره؟|نقاط الضعف",
    "pl": "Co możemy poprawić?|Co się nie podobało?|Czego zabrakło?|co_zmienic|Czy były jakieś problemy?|Wady",
    "de": "Was können wir verbessern?|Was hat Ihnen nicht gefallen?",
    "fr": "Que pouvons-nous améliorer ?|Qu'est-ce que vous n'avez pas aimé ?",
}
PRAISE = {
    "en": "What did you like most?|best|What are we doing well?|Benefits|strengths|Your favourite feature?|likes",
    "ro": "Ce v-a plăcut cel mai mult?|Puncte forte|Ce apreciați la noi?|Avantaje",
    "ru": "Что вам понравилось?|Преимущества|Что понравилось больше всего?|Сильные стороны",
    "it": "Cosa ti è piaciuto di più?|Punti di forza|Vantaggi|Cosa apprezzi di noi?",
    "ar": "ما الذي أعجبك أكثر؟|ما هي المميزات؟|نقاط القوة|أفضل شيء",
    "pl": "Co się Państwu podobało?|Zalety|Mocne strony|Co podobało Ci się najbardziej?",
    "de": "Was hat Ihnen gefallen?",
    "fr": "Qu'avez-vous aimé ?",
}
NEITHER = (
    "|comments|growth|Why did you give this score?|Strengths and weaknesses|How likely are you to recommend us?|"
    "Would you recommend us?|Would you like to add anything?|Was your problem solved?|What did you like and dislike?|"
    "Что бы вы хотели добавить?|Doriți să adăugați altceva?|Czy polecisz nas?|هل توصي بنا؟|Vuoi aggiungere altro?|"
    "Как решили вашу проблему?|Which place did you visit?"
)


def test_what_a_question_asks_for() -> None:
    wrong = {q: found for q in "|".join(IMPROVE.values()).split("|") if (found := question_polarity(q)) != "improve"}
    wrong |= {q: found for q in "|".join(PRAISE.values()).split("|") if (found := question_polarity(q)) != "praise"}
    wrong |= {q: found for q in NEITHER.split("|") if (found := question_polarity(q)) is not None}
    assert wrong == {}


NOTHING = {"en": "Nothing!", "ro": "nimic", "ru": "ничего", "it": "niente", "ar": "لا شيء", "pl": "nic"}


@pytest.mark.parametrize("language", SIX)
def test_nothing_to_improve_is_a_compliment_and_nothing_good_a_complaint(language: str) -> None:
    told = NOTHING[language]
    assert {non_answer_kind(told, language, question) for question in IMPROVE[language].split("|")} == {
        "nothing_to_improve"
    }
    assert {non_answer_kind(told, language, question) for question in PRAISE[language].split("|")} == {"nothing_good"}
    assert non_answer_kind(told, language, "comments") == "nothing"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        *(("en", text) for text in ("no side effects", "I wouldn't change a thing.", "No complaints!",
          "nothing special",
          "I had no side effects", "keep it as it is", "There were no problems", "nothing to improve", "not at all")),
        *(("ro", text) for text in ("nu aș schimba nimic", "nimic de schimbat", "Nimic de reprosat", "fără probleme")),
        *(("ru", text) for text in ("менять нечего", "Претензий нет", "ничего особенного", "недостатков нет")),
        *(("it", text) for text in ("non cambierei nulla", "nessun problema", "va bene così", "niente da migliorare")),
        *(("ar", text) for text in ("لن أغير شيئا", "لا توجد مشاكل", "مفيش عيوب", "لا يوجد شيء لتحسينه")),
        *(("pl", text) for text in ("nic bym nie zmienił", "nic do poprawy", "bez zastrzeżeń", "niczego nie brakuje")),
    ],
)  # fmt: skip
def test_more_says_nothing_when_asked_what_to_improve(language: str, text: str) -> None:
    assert non_answer_kind(text, language, "What would you improve?") == "nothing_to_improve"


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("no side effects", "benefits"),
        ("no service", "What would you improve?"),
        ("no staff", "What would you improve?"),
        ("everything", "What did you like?"),
        ("Everything!", "What would you change?"),
        ("I wouldn't change a thing", ""),
        ("No complaints", "comments"),
        ("more staff", "What would you improve?"),
    ],
)
def test_what_names_or_judges_stays_an_answer(text: str, question: str) -> None:
    assert non_answer_kind(text, "en", question) is None


@pytest.mark.parametrize(
    ("language", "text", "question"),
    [("ro", "totul", "Ce v-a plăcut?"), ("ru", "все", "Что понравилось?"), ("it", "tutto", "Cosa ti è piaciuto?"),
     ("ar", "كل شيء", "ما الذي أعجبك؟"), ("pl", "wszystko", "Co się podobało?")],
)  # fmt: skip
def test_everything_is_praise_and_an_answer(language: str, text: str, question: str) -> None:
    assert non_answer_kind(text, language, question) is None


@pytest.mark.parametrize("text", ["I don't know", "no comment", "see above", "skip"])
def test_withholding_is_no_compliment(text: str) -> None:
    assert non_answer_kind(text, "en", "What would you improve?") == "nothing"
    assert non_answer_kind("n/a", "en", "What would you improve?") == "not_applicable"


@pytest.mark.parametrize(
    ("text", "question", "kind"),
    [
        ("No", "Did you have any problem?", "nothing_to_improve"),
        ("Yes", "Did you have any problem?", None),
        ("no, thanks", "Would you change anything?", "nothing_to_improve"),
        ("No", "Would you recommend us?", None),
        ("Yes", "would_you_recommend", None),
        ("no", "Did you like the course?", None),
        ("no", "Was there anything you liked?", "nothing_good"),
        ("No", "Was your problem solved?", None),
        ("No", "Any other comments?", "nothing"),
        ("yes", "Is there anything you would like to add?", "nothing"),
        ("nothing", "Would you recommend us?", "nothing"),
        ("nothing special", "Any other comments?", "nothing"),
        ("nothing special", "How was your stay?", None),
        ("no", "", "nothing"),
        ("no", "comments", "nothing"),
    ],
)
def test_yes_and_no(text: str, question: str, kind: str | None) -> None:
    assert non_answer_kind(text, "en", question) == kind


@pytest.mark.parametrize(
    ("language", "no", "problem", "recommend"),
    [
        ("ro", "nu", "Ați întâmpinat probleme?", "Ne-ați recomanda?"),
        ("ru", "нет", "Возникали ли у вас проблемы?", "Порекомендуете ли вы нас?"),
        ("it", "no", "Ha avuto problemi?", "Ci consiglieresti?"),
        ("ar", "لا", "هل واجهت أي مشكلة؟", "هل توصي بنا؟"),
        ("pl", "nie", "Czy były jakieś problemy?", "Czy polecisz nas?"),
    ],
)
def test_no_to_a_problem_is_a_compliment_and_to_a_recommendation_an_answer(
    language: str, no: str, problem: str, recommend: str
) -> None:
    assert non_answer_kind(no, language, problem) == "nothing_to_improve"
    assert non_answer_kind(no, language, recommend) is None


def test_a_question_of_any_length_or_none_is_read() -> None:
    assert read_question("") == read_question("   ") == read_question("?!") == read_question("_")
    assert question_polarity("improve " * 100_000) == "improve"


# -- the lists and the time


def test_every_listed_phrase_is_in_use_and_the_kinds_are_those_of_the_records() -> None:
    whole = {"denial": "nothing", "withheld": "nothing", "no": "nothing", "yes": "nothing", "alone": "nothing",
             "not_applicable": "not_applicable", "generic": "generic"}  # fmt: skip
    wrong = []
    for language, lists in stock_phrases().items():
        for name, phrases in lists.items():
            code = "en" if language == "any" else language
            wrong += [(language, name, text) for text in phrases if name in whole and not is_non_answer(text, code)]
    assert wrong == []
    assert set(whole.values()) < set(NON_ANSWER_KINDS)


@pytest.mark.parametrize(
    "text",
    ["(" * 50_000, "\u0301" * 100_000, "a" * 1_000_000, "<" * 100_000, "<A_" * 100_000, "." * 1_000_000, "-_" * 100_000,
     "no not " * 17, "nothing to " * 10, "^" * 100_000, "\ud800" * 1000, "\x00"],
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    start = time.process_time()
    non_answer_kind(text, "und", "What would you change?")
    assert time.process_time() - start < 1.0


@given(st.text(max_size=150), st.sampled_from([*SIX, "und", "de"]), st.text(max_size=40))
def test_any_text_has_one_of_the_kinds_or_none(text: str, language: str, question: str) -> None:
    kind = non_answer_kind(text, language, question)
    assert kind is None or kind in NON_ANSWER_KINDS
    assert non_answer_kind(text, language, question) == kind
    assert is_non_answer(text, language) == (non_answer_kind(text, language) is not None)
