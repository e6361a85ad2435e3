#include "files/metadata/xmp.h"

#include <algorithm>
#include <array>
#include <pugixml.hpp>
#include <sstream>
#include <string_view>

namespace sisr {
namespace {

constexpr const char* kGainMap = "http://ns.adobe.com/hdr-gain-map/1.0/";
constexpr const char* kAppleGainMap = "http://ns.apple.com/HDRGainMap/1.0/";
constexpr const char* kContainer = "http://ns.google.com/photos/1.0/container/";
constexpr const char* kCamera = "http://ns.google.com/photos/1.0/camera/";
constexpr const char* kRdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";

bool starts_with(std::string_view text, std::string_view prefix) {
    return text.substr(0, prefix.size()) == prefix;
}

/// The namespace that a node's name, or an attribute's of it, belongs to.
std::string namespace_of(pugi::xml_node node, std::string_view name) {
    const auto colon = name.find(':');
    const std::string declaration =
        colon == std::string_view::npos ? "xmlns" : "xmlns:" + std::string(name.substr(0, colon));
    for (; node; node = node.parent()) {
        const pugi::xml_attribute found = node.attribute(declaration.c_str());
        if (found) return found.value();
    }
    return "";
}

bool is_announcement(const std::string& space, std::string_view name) {
    if (space == kGainMap || space == kAppleGainMap || space == kContainer) return true;
    const std::string_view local = name.substr(name.find(':') + 1);
    return space == kCamera &&
           (starts_with(local, "MotionPhoto") || starts_with(local, "MicroVideo"));
}

void drop_announcements(pugi::xml_node node) {
    for (pugi::xml_attribute at = node.first_attribute(); at;) {
        const pugi::xml_attribute next = at.next_attribute();
        const bool is_declaration = starts_with(at.name(), "xmlns");
        if (!is_declaration && is_announcement(namespace_of(node, at.name()), at.name())) {
            node.remove_attribute(at);
        }
        at = next;
    }
    for (pugi::xml_node child = node.first_child(); child;) {
        const pugi::xml_node next = child.next_sibling();
        if (child.type() == pugi::node_element &&
            is_announcement(namespace_of(child, child.name()), child.name())) {
            node.remove_child(child);
        } else {
            drop_announcements(child);
        }
        child = next;
    }
}

bool parse(pugi::xml_document& document, const std::string& xmp) {
    return static_cast<bool>(document.load_buffer(xmp.data(), xmp.size(), pugi::parse_full));
}

std::string text_of(const pugi::xml_document& document) {
    std::ostringstream text;
    document.save(text, "", pugi::format_raw | pugi::format_no_declaration, pugi::encoding_utf8);
    return text.str();
}

/// How a keyword of PNG is called in XMP.
struct Property {
    const char* keyword;
    const char* name;
    const char* space;
    const char* list;  ///< its kind of list; empty: none
};

constexpr Property kProperties[] = {
    {"Title", "dc:title", "http://purl.org/dc/elements/1.1/", "rdf:Alt"},
    {"Description", "dc:description", "http://purl.org/dc/elements/1.1/", "rdf:Alt"},
    {"Author", "dc:creator", "http://purl.org/dc/elements/1.1/", "rdf:Seq"},
    {"Copyright", "dc:rights", "http://purl.org/dc/elements/1.1/", "rdf:Alt"},
    {"Software", "xmp:CreatorTool", "http://ns.adobe.com/xap/1.0/", ""},
    {"Comment", "exif:UserComment", "http://ns.adobe.com/exif/1.0/", "rdf:Alt"},
};
constexpr const char* kOtherSpace = "urn:png:text:";

/// A keyword as the name of an element.
std::string name_of(const std::string& keyword) {
    std::string name;
    for (const char c : keyword) {
        const bool is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        name += is_good ? c : '_';
    }
    const bool is_begin = !name.empty() && ((name[0] >= 'a' && name[0] <= 'z') ||
                                            (name[0] >= 'A' && name[0] <= 'Z') || name[0] == '_');
    return "png:" + (is_begin ? name : "_" + name);
}

/// What XML can hold of a text.
std::string printable_text(const std::string& text) {
    std::string kept;
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (code >= 0x20 || c == '\n' || c == '\t' || c == '\r') kept += c;
    }
    return kept;
}

bool has_property(const std::string& xmp, const std::string& name) {
    return xmp.find(name) != std::string::npos;
}

void add_property(pugi::xml_node description, const Property& property, const std::string& text) {
    const std::string prefix(property.name, std::string_view(property.name).find(':'));
    const std::string declaration = "xmlns:" + prefix;
    if (!description.attribute(declaration.c_str())) {
        description.append_attribute(declaration.c_str()) = property.space;
    }
    pugi::xml_node node = description.append_child(property.name);
    const std::string_view list = property.list;
    if (!list.empty()) {
        node = node.append_child(property.list).append_child("rdf:li");
        if (list == "rdf:Alt") node.append_attribute("xml:lang") = "x-default";
    }
    node.text().set(printable_text(text).c_str());
}

pugi::xml_node find_rdf(const pugi::xml_document& document) {
    return document.find_node(
        [](const pugi::xml_node& node) { return std::string_view(node.name()) == "rdf:RDF"; });
}

std::string empty_packet() {
    return "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta "
           "xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"" +
           std::string(kRdf) + "\"></rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>";
}

}  // namespace

std::vector<std::string> announced_by_xmp(const std::string& xmp) {
    const auto holds = [&xmp](const char* text) { return xmp.find(text) != std::string::npos; };
    std::vector<std::string> announced;
    if (holds(kGainMap) || holds(kAppleGainMap)) announced.emplace_back("a gain map (HDR)");
    if (holds("GCamera:MotionPhoto") || holds("GCamera:MicroVideo") ||
        (holds(kCamera) && (holds(":MotionPhoto") || holds(":MicroVideo")))) {
        announced.emplace_back("a motion photo's video");
    }
    return announced;
}

std::string without_announcements(const std::string& xmp) {
    const char* const kSpaces[] = {kGainMap, kAppleGainMap, kContainer, kCamera};
    const bool may_announce =
        std::any_of(std::begin(kSpaces), std::end(kSpaces),
                    [&xmp](const char* space) { return xmp.find(space) != std::string::npos; });
    pugi::xml_document document;
    if (!may_announce || !parse(document, xmp)) return xmp;
    drop_announcements(document);
    return text_of(document);
}

std::string with_texts(const std::string& xmp, const std::vector<KeyedText>& texts) {
    pugi::xml_document document;
    if (texts.empty() || !parse(document, xmp.empty() ? empty_packet() : xmp)) return xmp;
    pugi::xml_node rdf = find_rdf(document);
    if (!rdf) return xmp;
    pugi::xml_node description = rdf.append_child("rdf:Description");
    description.append_attribute("rdf:about") = "";
    for (const KeyedText& text : texts) {
        const auto* const known = std::find_if(
            std::begin(kProperties), std::end(kProperties),
            [&text](const Property& property) { return text.keyword == property.keyword; });
        if (known == std::end(kProperties)) {
            const std::string name = name_of(text.keyword);
            add_property(description, {"", name.c_str(), kOtherSpace, ""}, text.text);
        } else if (!has_property(xmp, known->name)) {
            add_property(description, *known, text.text);
        }
    }
    return text_of(document);
}

}  // namespace sisr
