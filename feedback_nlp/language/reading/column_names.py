"""The names that columns usually have, in English, Romanian, Russian, Italian, Arabic and Polish."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

Role = Literal["text", "id", "customer", "date", "question", "source", "channel", "language"]


def normal_name(name: str) -> str:
    """Return a column name without case, accents, punctuation and camel case: "CustomerID" is "customer id"."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    letters = unicodedata.normalize("NFKD", spaced.casefold())
    bare = "".join(char for char in letters if not unicodedata.combining(char))
    return " ".join(re.findall(r"[^\W_]+", bare)).replace("ł", "l")


def listed_names(*words: str) -> tuple[str, ...]:
    """Normalised names from comma-separated lists, in their order: an earlier name is the better one."""
    return tuple(dict.fromkeys(normal_name(word) for line in words for word in line.split(",")))


ROLE_NAMES: dict[Role, tuple[str, ...]] = {
    "text": listed_names(
        "text, verbatim, verbatims, comment, comments, feedback, review, review text, review body, comment text",
        "customer comment, customer feedback, feedback text, open text, free text, open answer, open ended",
        "answer, answers, response, response text, body, message, description, content, opinion, remarks, tweet",
        "ticket, ticket text, complaint, suggestion, suggestions, transcript",
        "comentariu, comentarii, recenzie, părere, opinie, răspuns, mesaj, descriere, sugestii, reclamație",
        "комментарий, комментарии, отзыв, отзывы, текст, текст отзыва, ответ, сообщение, описание, мнение, жалоба",
        "commento, commenti, recensione, recensioni, testo, risposta, messaggio, descrizione, opinione, reclamo",
        "تعليق, التعليق, تعليقات, التعليقات, مراجعة, المراجعة, رأي, الرأي, النص, نص, إجابة, الإجابة, رسالة, شكوى",
        "opinia, opinie, komentarz, komentarze, recenzja, tekst, treść, odpowiedź, wiadomość, opis, uwagi, reklamacja",
    ),
    "id": listed_names(
        "id, response id, feedback id, comment id, review id, ticket id, record id, answer id, case id, ticket number",
        "uuid, guid, key, row id, entry id, submission id, identifier, ticket no, number, no, external id",
        "id răspuns, nr, nr crt, identificator, ид, идентификатор, номер, id ответа, id отзыва, номер обращения",
        "identificativo, codice, numero, id risposta, المعرف, معرف, الرقم, رقم, identyfikator, numer, lp",
        "id odpowiedzi, ticket",  # a ticket is a text or its number: text is tried first
    ),
    "customer": listed_names(
        "customer id, respondent id, user id, client id, account id, member id, subscriber id, person id",
        "participant id",
        "customer, respondent, contact id, customer number, customer key, customer no",
        "id client, id respondent, id utilizator, cod client, id клиента, id респондента, id пользователя, код клиента",
        "id cliente, codice cliente, id utente, id rispondente, معرف العميل, رقم العميل, معرف المستخدم",
        "id klienta, numer klienta, id respondenta, id użytkownika",
    ),
    "date": listed_names(
        "date, created at, created, created on, date created, created date, creation date, submitted at, submitted",
        "submission date, submit date, response date, review date, feedback date, survey date, answered at",
        "completed at",
        "end date, recorded date, timestamp, time stamp, datetime, date time, time, posted at, post date, received at",
        "opened at, opened, start date, month",
        "data, dată, data răspunsului, data creării, data completării, creat la",
        "дата, дата создания, дата отзыва, дата ответа, время, создано, отметка времени",
        "data creazione, data risposta, data recensione, data e ora, informazioni cronologiche",
        "تاريخ, التاريخ, تاريخ الإنشاء, تاريخ الرد, الوقت, طابع زمني",
        "data utworzenia, data odpowiedzi, data opinii, utworzono, sygnatura czasowa",
    ),
    "question": listed_names(
        "question, question text, prompt, survey question, question label, întrebare, întrebarea, вопрос",
        "текст вопроса",
        "domanda, testo domanda, سؤال, السؤال, pytanie, treść pytania",
    ),
    "source": listed_names(
        "source, data source, feedback source, origin, sursă, sursa, источник, fonte, المصدر, مصدر, źródło",
    ),
    "channel": listed_names(
        "channel, feedback channel, contact channel, canal, канал, canale, القناة, قناة, kanał",
    ),
    "language": listed_names(
        "language, lang, locale, language code, lang code, user language, limbă, limba, язык, код языка, lingua",
        "اللغة, لغة, język, jezyk",
    ),
}

# Names that promise a score. Earlier kinds are tried first.
_SCORE_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("nps", re.compile(r"\bnps\b|\bnet promoter\b")),
    ("csat", re.compile(r"\bcsat\b|\bsatisf|\bsoddisfaz|удовлетвор|\bsatysfakcj|\bzadowoleni|رضا|الرضا")),
    ("ces", re.compile(r"\bces\b|\beffort\b|\befort|усили|\bsforzo\b|\bwysil")),
    (
        "likely",
        re.compile(
            r"\blikel\w* .*recommend|\brecommend\w* .*likel|\blikelihood\b|\brecommendation score\b|\bltr\b"
            r"|\brecoman|порекоменд|рекоменд|\bconsigli|\braccomand|\bpolec|توصي|تنصح"
        ),
    ),
    ("stars", re.compile(r"\bstars?\b|\bstele\b|звезд|\bstelle\b|نجوم|\bgwiazd")),
    (
        "",
        re.compile(
            r"^(?:overall |general |customer |user |review |our |final |total )?(?:ratings?|scores?|rate|note|"
            r"grade|mark|points)$|^(?:review|overall|star|user|customer) (?:rating|score)$|^nota$|^scor$|^punctaj$"
            r"|^evaluare$|^calificativ$|^оценка$|^балл$|^баллы$|^реитинг$|^voto$|^valutazione$|^punteggio$"
            r"|^تقييم$|^التقييم$|^درجة$|^الدرجة$|^ocena$|^wynik$"
        ),
    ),
)
# The arithmetic of somebody else: derived from a score or from the text that this program reads itself.
_NPS_GROUP = re.compile(
    r"\bnps (?:segment|group|category|type|class|bucket|label|status)|(?<!net )\bpromoter\b|\bdetractor\b"
)
_CODED = frozenset(
    listed_names(
        "sentiment, sentiment label, sentiment score, polarity, emotion, emotions, label, labels, topic, topics, theme",
        "themes, tag, tags, aspect, aspects, spans, topic sentiments, code, codes, intent, intents, sentyment",
        "тональность",
        "text as distributed, cleaned text, clean text, translation, translated text, translated comment",
    )
)
_TITLES = frozenset(
    listed_names(
        "title, subject, headline, summary, review title, comment title, titlu, subiect, заголовок, тема, titolo",
        "oggetto, عنوان, العنوان, الموضوع, tytuł, temat",
    )
)
_PERSONAL = re.compile(
    r"\be ?mail\b|\bphone\b|\btelephone\b|\bmobile (?:number|no)\b|\busername\b|^author$|\baddress\b|\biban\b|\bssn\b"
    r"|\bpesel\b|\bcnp\b|\bbirth\b|^ip$|^name$|^surname$"
    r"|\b(?:first|last|full|family|user|customer|client|contact|agent) name\b"
    r"|\btelefono?\b|^nume$|\bprenume\b|\badresa\b|^imie$|\bnazwisko\b|\badres\b|^nome$|\bcognome\b|\bindirizzo\b"
    r"|^имя$|\bфамилия\b|\bтелефон\b|\bадрес\b|^фио$|^الاسم$|\bالبريد\b|\bالهاتف\b"
)
_QUESTION_WORDS = frozenset(
    listed_names(
        "what, why, how, which, please, tell, describe, where, who, when, is there, do you, did you, would you, could",
        "ce, cum, care, unde, spuneți, vă rugăm, что, почему, как, какие, какой, чем, расскажите, пожалуйста",
        "cosa, perché, come, quale, quali, che, dicci, ما, ماذا, لماذا, كيف, هل, أخبرنا, co, dlaczego, jak, jakie",
        "czego",
        "proszę, powiedz",
    )
)


def name_rank(role: Role, name: str) -> int | None:
    """Return how well a column name fits a role (0 is best), or None when it does not."""
    names, plain = ROLE_NAMES[role], normal_name(name)
    return names.index(plain) if plain in names else None


def named_for(role: Role, columns: Sequence[str]) -> list[str]:
    """Return the columns whose names fit a role, the best name first."""
    ranks = {column: name_rank(role, column) for column in columns}
    return sorted((c for c in columns if ranks[c] is not None), key=lambda c: ranks[c] or 0)


def score_name(name: str) -> str | None:
    """Return the score that a name promises: nps, csat, ces, likely, stars, "" for any rating, None for none."""
    plain = normal_name(name)
    if is_nps_group(name):
        return None
    return next((kind for kind, pattern in _SCORE_PATTERNS if pattern.search(plain)), None)


def is_nps_group(name: str) -> bool:
    """Whether a column says promoter, passive or detractor: derived from the score."""
    return bool(_NPS_GROUP.search(normal_name(name)))


def is_coded(name: str) -> bool:
    """Whether a column holds what somebody already read out of the text: sentiment, topics, labels, translations."""
    return normal_name(name) in _CODED


def is_title(name: str) -> bool:
    """Whether a column holds titles of texts."""
    return normal_name(name) in _TITLES


def is_personal(name: str) -> bool:
    """Whether a column's name promises personal data."""
    return bool(_PERSONAL.search(normal_name(name)))


def is_question(name: str) -> bool:
    """Whether a column's name is an open question: it ends in a question mark or begins as questions do."""
    if re.search(r"[?؟]\s*$", name):
        return True
    words = normal_name(name).split()
    starts = len(words) >= 3 and (words[0] in _QUESTION_WORDS or " ".join(words[:2]) in _QUESTION_WORDS)
    return starts or bool(words and re.fullmatch(r"q\d+", words[0]) and len(words) >= 3)


def stem(name: str) -> str:
    """Return a name without a trailing number: "comment 2" and "comment" are answers to sibling questions."""
    return re.sub(r"\s*\d+$", "", normal_name(name))
